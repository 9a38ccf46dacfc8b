// States of the lab: what one sees, as a file that can be kept and given to others, and how the page gets to one.

const RESTS = new Set(["untrained", "paused"]), ENDED = new Set(["finished", "stopped", "diverged", "failed"]);

/** What one has chosen in each tab: {name of the tab: its state()}. */
async function chosenIn(view) {
  const told = view.tabs.filter(tab => tab.state).map(async tab => [tab.name, await tab.state()]);
  return Object.fromEntries(await Promise.all(told));
}

/**
 * Wait until the training is where Python says that it goes: `where` of `zerokara.lab.lesson_messages`, or null. Then show
 * its tab, and what is chosen in all of them. Until then the curves are seen, and `told()` is called at each frame.
 * Returned: whether it is there; false where it was given up. Raises Error with a sentence where it will never be.
 */
async function arrive(view, where, told, signal) {
  if (!where) return !signal.aborted;
  const { lab } = view, begun = performance.now();
  while (!isThere(lab.state, where)) {
    if (signal.aborted) return false;
    if (lab.state.training === where.training && ENDED.has(lab.state.state)) throw new Error(lab.state.status);
    if (performance.now() > begun + 250) {
      if (view.shown !== "train") showTab(view, "train");
      told();
    }
    await nextFrame(lab, signal);
  }
  if (signal.aborted) return false;
  showTab(view, where.tab);
  if (where.fields) await Promise.all(view.tabs.map(tab => tab.restore?.(where.fields[tab.name] ?? {})));
  return !signal.aborted;
}

function isThere(state, { training, iteration, running }) {
  if (iteration === null) return true;
  if (state.training !== training) return false;
  if (running && state.state === "running") return state.iteration >= iteration;
  return state.iteration === iteration && (RESTS.has(state.state) || ENDED.has(state.state));
}

/** Until the next frame, a moment has passed, or it is given up. */
function nextFrame(lab, signal) {
  const heard = new AbortController();
  return Promise.race([
    new Promise(come => lab.addEventListener("frame", come, { signal: heard.signal })), pause(300, signal),
  ]).finally(() => heard.abort());
}

/** Until so many milliseconds have passed, or it is given up. */
function pause(ms, signal) {
  return new Promise(come => {
    const timer = setTimeout(come, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      come();
    }, { once: true });
  });
}

function onTheWay(lab, { iteration }) {
  return lab.text("lesson_going", { update: count(iteration), now: count(lab.state.iteration) });
}

/** At the end of the page: the state that the lab is in, to be copied, and a field that opens another. */
function stateFile(view) {
  const { lab } = view, id = ownId();
  const field = h("textarea", { id, rows: 8, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
  const note = h("p", { role: "status", hidden: true });
  let agreed = "";
  const told = text => {
    say(note, text);
    note.hidden = !text;
  };
  const button = (key, does) => h("button", { onclick: () => does().catch(error => told(error.message)) }, lab.text(key));
  const copy = button("state_copy", async () => {
    const { toml } = await lab.ask("state", { tab: view.shown, fields: await chosenIn(view) });
    field.value = toml;
    told(lab.text((await copiedFrom(field)) ? "copied" : "state_select"));
  });
  const open = button("state_open", async () => {
    const toml = field.value, { ask, where } = await lab.ask("open_state", { toml, confirmed: agreed === toml });
    told(ask ?? "");
    agreed = ask ? toml : ""; // who presses it again has read the question
    if (ask) return;
    await arrive(view, where, () => told(onTheWay(lab, where)), lab.signal);
    told("");
  });
  return h("details", { class: "twin state-file" }, h("summary", {}, lab.text("state_title")),
    h("p", { class: "muted small" }, lab.text("state_help")), h("div", { class: "row" }, copy, open),
    h("label", { class: "unseen", for: id }, lab.text("toml")), field, note);
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
