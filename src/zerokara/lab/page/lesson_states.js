// States of the lab: what one sees, as a file that can be kept and given to others, and how the page gets to one.

/** States of a training in which nothing changes by itself. */
const AT_REST = new Set(["untrained", "paused", "finished", "stopped", "diverged", "failed"]);

/** What one has chosen in each tab: {name of the tab: its state()}. */
function chosenIn(view) {
  return Object.fromEntries(view.tabs.filter(tab => tab.state).map(tab => [tab.name, tab.state()]));
}

/**
 * Wait until the training is where Python said it goes, {training, iteration, tab, fields}; then show that tab, and what
 * is chosen in each. Until then its curves are seen, and `told()` is called at each frame. False: it was given up.
 */
async function arrive(view, there, told, signal) {
  const { lab } = view, begun = performance.now();
  while (!isThere(lab.state, there)) {
    if (signal.aborted) return false;
    if (hasEnded(lab.state, there)) throw new Error(lab.state.status);
    if (performance.now() > begun + 250 && view.shown !== "train") showTab(view, "train");
    told();
    await nextFrame(lab, signal);
  }
  showTab(view, there.tab);
  for (const tab of view.tabs) if (tab.name in there.fields) await tab.restore?.(there.fields[tab.name]);
  return !signal.aborted;
}

function isThere(state, { training, iteration }) {
  return state.training === training && state.iteration === iteration && AT_REST.has(state.state);
}

/** Whether it will never get there: it broke on the way, or somebody stopped it. */
function hasEnded(state, { training }) {
  return state.training === training && ["stopped", "diverged", "failed", "finished"].includes(state.state);
}

/** The next frame, or a moment later; or as soon as it is given up. */
function nextFrame(lab, signal) {
  return new Promise(come => {
    const timer = setTimeout(done, 300);
    function done() {
      clearTimeout(timer);
      lab.removeEventListener("frame", done);
      signal.removeEventListener("abort", done);
      come();
    }
    lab.addEventListener("frame", done);
    signal.addEventListener("abort", done);
  });
}

/** At the end of the page: the state that the lab is in, to be copied, and a field that opens another. */
function stateFile(view) {
  const { lab } = view, id = ownId();
  const field = h("textarea", { id, rows: 6, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const told = text => {
    say(note, text);
    note.hidden = !text;
  };
  const copy = h("button", {}, lab.text("state_copy"));
  const go = h("button", {}, lab.text("state_open"));
  copy.addEventListener("click", () => attempt(told, async () => {
    const { toml } = await lab.ask("state", { tab: view.shown, fields: chosenIn(view) });
    field.value = toml;
    told(lab.text((await copiedFrom(field)) ? "copied" : "state_select"));
  }));
  go.addEventListener("click", () => attempt(told, async () => {
    const there = await lab.ask("open_state", { toml: field.value });
    told("");
    await arrive(view, there, () => told(onTheWay(lab, there)), lab.signal);
    told("");
  }));
  return h("details", { class: "twin state-file" }, h("summary", {}, lab.text("state_title")),
    h("p", { class: "muted small" }, lab.text("state_help")),
    h("div", { class: "row" }, copy, go),
    h("label", { class: "unseen", for: id }, lab.text("toml")), field, note);
}

/** Do something; what went wrong is told. */
async function attempt(told, doing) {
  try {
    await doing();
  } catch (error) {
    told(error.message);
  }
}

function onTheWay(lab, { iteration }) {
  return lab.text("lesson_going", { update: count(iteration), now: count(lab.state.iteration) });
}

/** Copy what stands in a field; where that is not allowed, select it, so that a key can. */
async function copiedFrom(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select();
    return false;
  }
}
