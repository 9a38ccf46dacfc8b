// The tab Train: what steers a training.

/** Updates a second that the slider stands at, where they are as fast as can be. */
const USUAL_PACE = 500;
const STARTED = new Set(["running", "paused"]);
const GOES_ON = new Set(["untrained", "running", "paused", "stopped"]);

/** The controls: a card; `aim(update)` chooses where "Go back" would lead. */
function trainingControls(lab, form) {
  const buttons = mainButtons(lab, form), pace = paceControl(lab), until = untilControl(lab);
  const settings = settingControls(lab), timeline = timelineControl(lab), facts = trainingFacts(lab);
  const fields = h("fieldset", { class: "steer" },
    h("legend", { class: "unseen" }, lab.text("controls")),
    h("div", { class: "row" }, ...buttons.elements, pace.element, until.element),
    h("div", { class: "row" }, timeline.element, facts.element),
    h("div", { class: "row settings" }, ...settings.elements, form.element));
  const element = h("section", { class: "card controls", "aria-label": lab.text("controls") }, fields);
  lab.keyboard.addEventListener("keydown", event => shortcut(event, buttons), { signal: lab.signal });
  return {
    element,
    aim: timeline.aim,
    paint(state) {
      fields.disabled = state.steering === false || state.state === "lost";
      for (const part of [buttons, pace, until, settings, timeline, facts]) part.paint(state);
    },
  };
}

/** Space and the full stop, unless they mean something where the focus is. */
function shortcut(event, buttons) {
  const busy = "input, select, textarea, button, summary, a, canvas, [contenteditable], [role=tab], [role=slider]";
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.closest(busy)) return;
  const button = { " ": buttons.main, ".": buttons.one }[event.key];
  if (!button || button.matches(":disabled")) return;
  event.preventDefault();
  button.click();
}

function mainButtons(lab, form) {
  const plain = (key, request) => h("button", { onclick: request }, lab.text(key));
  const start = () => lab.request("start", { values: form.values() });
  const go = () => lab.request("go");
  const doing = { untrained: start, running: () => lab.request("pause"), paused: go, stopped: go };
  const labels = { untrained: "start", running: "pause", paused: "go_on", stopped: "go_on", returning: "go_on" };
  let now = "untrained";
  const main = h("button", { class: "main", onclick: () => (doing[now] ?? start)() }, lab.text("start"));
  const one = plain("one_update", () => lab.request("step", { updates: 1 }));
  const epoch = plain("one_epoch", () => lab.request("step", { epochs: 1 }));
  const stop = plain("stop", () => lab.request("stop"));
  return {
    elements: [main, one, epoch, stop], main, one,
    paint({ state }) {
      now = state;
      if (state !== "lost") say(main, lab.text(labels[state] ?? "start_again"));
      main.dataset.state = state;
      main.disabled = state === "returning";
      one.disabled = epoch.disabled = !GOES_ON.has(state);
      stop.disabled = !STARTED.has(state);
    },
  };
}

/** Updates per second, from 1 to 10,000, or as many as there can be. */
function paceControl(lab) {
  const slider = h("input", { type: "range", min: 0, max: 4, step: 0.05, "aria-label": lab.text("pace") });
  const value = h("output", {});
  const rate = () => Number((10 ** slider.valueAsNumber).toPrecision(2));
  const full = h("button", { "aria-pressed": false, onclick: () => {
    const now = full.getAttribute("aria-pressed") === "true";
    lab.request("pace", { mode: now ? "rate" : "full", rate: rate() });
  } }, lab.text("full_speed"));
  const send = settled(() => lab.request("pace", { mode: "rate", rate: rate() }), 150);
  const show = updates => {
    const told = lab.text("per_second", { n: count(updates) });
    slider.setAttribute("aria-valuetext", told);
    say(value, told);
  };
  slider.addEventListener("input", () => {
    show(rate());
    send();
  });
  slider.value = Math.log10(USUAL_PACE);
  show(USUAL_PACE);
  const element = h("div", { class: "control pace" }, h("label", {}, lab.text("pace"), slider), value, full);
  return {
    element,
    paint({ pace }) {
      if (!pace) return;
      element.toggleAttribute("data-full", pace.mode === "full");
      full.setAttribute("aria-pressed", pace.mode === "full");
      if (edited(slider) || pace.rate == null) return;
      slider.value = Math.log10(pace.rate);
      show(pace.rate);
    },
  };
}

function untilControl(lab) {
  const input = h("input", { type: "number", min: 1, max: 100, step: 0.1, value: 97, "aria-label": lab.text("until") });
  const go = () => lab.request("until", { accuracy: Number((input.valueAsNumber / 100).toPrecision(12)) });
  const button = h("button", { onclick: go }, lab.text("train_until"));
  return {
    element: h("div", { class: "control until" }, h("label", {}, lab.text("until"), input, "%"), button),
    paint({ goal, state }) {
      button.setAttribute("aria-pressed", Boolean(goal));
      button.disabled = !GOES_ON.has(state);
    },
  };
}

/** What can be changed between two updates: how a slider shows it, and the other way round. */
const LIVE = {
  learning_rate: { min: -5, max: 1, step: 0.05, to: x => Math.log10(x), from: at => Number((10 ** at).toPrecision(2)) },
  momentum: { min: 0, max: 0.99, step: 0.01, to: x => x, from: at => Number(at.toFixed(2)) },
  weight_decay: { min: -6.1, max: 0, step: 0.1, to: x => (x > 0 ? Math.log10(x) : -6.1),
    from: at => (at <= -6.05 ? 0 : Number((10 ** at).toPrecision(2))) },
};

function settingControls(lab) {
  const controls = Object.entries(LIVE).map(([field, live]) => settingControl(lab, field, live));
  const list = h("ol", {}), changes = h("details", { class: "changes" }, h("summary", {}), list);
  let known = "";
  return {
    elements: [...controls.map(control => control.element), changes],
    paint(state) {
      for (const control of controls) control.paint(state.settings?.[control.field]);
      const told = JSON.stringify(state.changes ?? []);
      if (told === known) return;
      known = told;
      showChanges(lab, changes, list, state.changes ?? []);
    },
  };
}

function showChanges(lab, element, list, changes) {
  element.hidden = !changes.length;
  say(element.firstChild, lab.text("changes", { n: count(changes.length) }));
  list.replaceChildren(...changes.map(({ iteration, field, value }) =>
    h("li", {}, lab.text("change", { iteration: count(iteration), setting: lab.text(field), value: String(value) }))));
}

/** One setting: a slider, and a box for the exact number. It is sent when it is let go of: each one is written down. */
function settingControl(lab, field, { min, max, step, to, from }) {
  const label = lab.text(field);
  const slider = h("input", { type: "range", min, max, step, "aria-label": label });
  const box = h("input", { type: "number", step: "any", min: 0, "aria-label": label });
  let kept = null, sent = null;
  const send = settled(async value => {
    if (!Number.isFinite(value) || value === kept) return show(kept);
    sent = value;
    if (!(await lab.request("change", { field, value }))) show(kept);
    sent = null;
  }, 250);
  const show = value => {
    if (value == null) return;
    box.value = value;
    slider.value = to(value);
    slider.setAttribute("aria-valuetext", String(value));
  };
  slider.addEventListener("input", () => show(from(slider.valueAsNumber)));
  slider.addEventListener("change", () => send(from(slider.valueAsNumber)));
  box.addEventListener("change", () => {
    const value = box.valueAsNumber;
    if (Number.isFinite(value)) show(value); // nothing is painted over it while it is edited, so the slider follows here
    send(value);
  });
  const element = h("div", { class: "control setting", "data-field": field }, h("label", {}, label, slider), box);
  return {
    field, element,
    paint(value) {
      element.hidden = value == null;
      if (value === kept && sent === null) return;
      kept = value;
      if (sent === null && !edited(box)) show(value);
    },
  };
}

/** How far it is, on a line; and where to go back to. */
function timelineControl(lab) {
  const slider = h("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": lab.text("update") });
  const box = h("input", { type: "number", min: 0, step: 1, value: 0, "aria-label": lab.text("update") });
  const all = h("span", { class: "number muted" });
  const button = h("button", { disabled: true, onclick: async () => {
    await lab.request("rewind", { iteration: aimed });
    release();
  } }, lab.text("go_back"));
  let last = 0, furthest = 0, aimed = null;

  function aim(update) {
    aimed = Math.max(0, Math.min(furthest, Math.round(update)));
    if (aimed === last) aimed = null;
    show();
  }

  function release() {
    aimed = null;
    show();
  }

  function show() {
    slider.value = aimed ?? last;
    slider.disabled = box.disabled = !furthest;
    slider.setAttribute("aria-valuetext", count(aimed ?? last));
    if (!edited(box) || aimed === null) box.value = aimed ?? last;
    button.disabled = aimed === null;
    say(button, lab.text(aimed > last ? "go_forward" : "go_back"));
  }

  slider.addEventListener("input", () => aim(slider.valueAsNumber));
  slider.addEventListener("keydown", event => event.key === "Escape" && release());
  box.addEventListener("change", () => Number.isFinite(box.valueAsNumber) && aim(box.valueAsNumber));
  box.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    aim(box.valueAsNumber);
    if (!button.disabled) button.click();
  });
  return {
    aim,
    element: h("div", { class: "timeline" }, h("label", {}, lab.text("update"), slider), box, all, button),
    paint(state) {
      const { iteration, total } = state;
      if (last === iteration && furthest === state.furthest && slider.max === String(total)) return;
      [last, furthest] = [iteration, state.furthest];
      if (aimed === last || aimed > furthest) aimed = null;
      slider.max = total;
      say(all, lab.text("of", { all: count(total) }));
      show();
    },
  };
}

/** The numbers that people look at while they wait. */
function trainingFacts(lab) {
  const values = ["epoch", "rate", "left"].map(name => ({ name, value: h("dd", {}) }));
  const [epoch, rate, left] = values.map(({ value }) => value);
  const element = h("dl", { class: "facts" }, ...values.map(({ name, value }) =>
    h("div", { "data-fact": name }, h("dt", {}, lab.text(`fact_${name}`)), value)));
  let told = null;
  return {
    element,
    paint(state) {
      const running = state.state === "running";
      say(epoch, state.per_epoch ? fixed(state.iteration / state.per_epoch, 2) : "–");
      say(rate, running ? count(Math.round(state.rate ?? 0)) : "–");
      say(left, running && state.left != null ? clock(state.left) : "–");
      if (state.state !== told) lab.announce(state.status ?? "");
      told = state.state;
    },
  };
}
