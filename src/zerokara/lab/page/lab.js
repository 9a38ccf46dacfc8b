// The page: its head, its tabs, and what a browser and a notebook call to open it.

/** Open a view in an element; what is returned ends it. `shared`: other views' messages come this way too. */
function open(element, connection, { shared = false } = {}) {
  const lab = new LabClient(element, connection, shared ? element : element.ownerDocument);
  const view = { lab, shared, tabs: [], shown: null };
  view.lessons = new Lessons(view);
  element.classList.add("zerokara-lab");
  element.zerokara = lab;
  connection.receive = (content, buffers) => received(view, content, buffers);
  connection.lost = () => lost(view);
  document.addEventListener("visibilitychange", () => showTab(view, view.shown), { signal: lab.signal });
  return () => close(view);
}

function close({ lab }) {
  lab.tell("goodbye");
  lab.ending.abort();
  lab.root.replaceChildren();
  lab.root.classList.remove("zerokara-lab");
}

/** A message of Python: for another view, an answer, a greeting, or the next frame. */
function received(view, content, buffers) {
  const { lab } = view;
  if (content.type === "closed") return closed(view, content.text);
  if (view.shared && content.view !== lab.view) return;
  if (lab.answered(content, buffers)) return;
  const message = { ...content, array: name => arrayOf(content, buffers, name) };
  if (content.type === "hello") greeted(view, message);
  else if (content.type === "frame" && lab.hello) paintSoon(view, message);
  else if (content.type === "refused" && lab.hello) lab.complain(content.text);
}

/** What must be the same for what is built to fit: all that a greeting says about the network and the words. */
function fitting({ texts, tabs, form, class_names, image_shape, dataset }) {
  return JSON.stringify([texts, tabs, form?.map(field => field.name), class_names, image_shape, dataset?.name]);
}

function greeted(view, message) {
  const { lab } = view, known = lab.hello && fitting(lab.hello) === fitting(message);
  lab.hello = message;
  lab.state = {};
  const isFirst = !view.tabs.length;
  if (!known) build(view);
  if (isFirst) beginAt(view, message.where);
  say(view.note, message.dataset?.note ?? "");
  view.note.hidden = !view.note.textContent;
  paintSoon(view, message);
}

/** Where one begins: in the state that the lab was opened with, and in the lesson that the address asks for. */
function beginAt(view, where) {
  const { lab } = view;
  if (where) arrive(view, where, () => {}, lab.signal).catch(error => lab.complain(error.message));
  view.lessons.follow();
}

/** Frames are painted when the browser paints, and only then is the next one asked for; of a hidden page, slowly. */
function paintSoon(view, message) {
  const paint = () => !view.lab.signal.aborted && painted(view, message);
  if (document.hidden) setTimeout(paint, 1000);
  else requestAnimationFrame(paint);
}

function painted(view, message) {
  const { lab } = view, began = performance.now();
  const { array, type, arrays, ...fields } = message;
  Object.assign(lab.state, fields);
  try {
    sayStatus(view);
    for (const tab of view.tabs) tab.frame?.(message);
    lab.dispatchEvent(new Event("frame"));
  } finally {
    if (message.frame != null) lab.tell("seen", { frame: message.frame });
    const { frames, ms } = lab.painting;
    lab.painting = { frames: frames + 1, ms: ms + performance.now() - began };
  }
}

function sayStatus({ lab, status, place, unread }) {
  const { state } = lab;
  say(unread, state.unread ?? "");
  unread.hidden = !state.unread;
  say(status, state.status ?? "");
  if (state.problem && state.problem !== lab.told) lab.complain(state.problem);
  lab.told = state.problem;
  status.dataset.state = state.state ?? "";
  place.hidden = state.steering !== false || !lab.hello.steerable;
}

/** Everything, from the greeting: the head with the tabs, and what each tab shows. */
function build(view) {
  const { lab } = view;
  lab.renew();
  lab.root.lang = lab.hello.language;
  const shown = TABS.filter(tab => lab.hello.tabs.includes(tab.name));
  view.tabs = shown.map(tab => ({ name: tab.name, ...builtTab(tab, lab) }));
  const tablist = buildTabs(view);
  const { element: strip } = view.lessons; // it stays: a lesson goes from one network to another
  for (const child of [...lab.root.children]) if (child !== strip) child.remove();
  if (!strip.isConnected) lab.root.append(strip);
  lab.root.append(buildHead(view, tablist), ...view.tabs.map(tab => tab.panel), ...(lab.hello.steerable ? [stateFile(view)] : []));
  showTab(view, view.tabs.some(tab => tab.name === view.shown) ? view.shown : view.tabs[0].name);
}

function builtTab(tab, lab) {
  const built = tab.build(lab);
  return built instanceof Element ? { element: built } : built;
}

function buildHead(view, tablist) {
  const { lab } = view;
  view.status = h("p", { class: "status" });
  lab.voice = h("p", { class: "unseen", "aria-live": "polite" });
  view.problem = h("p", { class: "problem", role: "alert", hidden: true });
  lab.complain = text => complain(view, text);
  view.place = h("p", { class: "watching", hidden: true }, lab.text("watching"), " ",
    h("button", { onclick: () => lab.request("steer") }, lab.text("take_over")));
  view.note = h("p", { class: "note", hidden: true });
  view.unread = h("p", { class: "unread", hidden: true }); // why there are not more tabs
  return h("header", {}, h("h1", {}, lab.text("lab")), view.status, tablist,
    lab.hello.steerable && view.lessons.opener(), lookSwitches(lab),
    view.unread, view.note, view.place, view.problem, lab.voice);
}

/** Say what went wrong, until something else does or ten seconds have passed. */
function complain(view, text) {
  clearTimeout(view.forgetting);
  say(view.problem, text);
  view.problem.hidden = !text;
  if (text) view.forgetting = setTimeout(() => complain(view, ""), 10_000);
}

/** The connection is gone: whoever opened it says so. Nothing can be steered until there is a new greeting. */
function lost(view) {
  const { lab } = view;
  if (!lab.hello) return;
  lab.forsake("");
  lab.state.state = "lost";
  showTab(view, view.shown);
}

/** The lab is closed; nothing will come any more. */
function closed(view, text) {
  lost(view);
  view.lab.state.status = text;
  if (view.lab.hello) sayStatus(view);
  else view.lab.root.replaceChildren(h("p", { role: "status" }, text));
}

/** The tabs as ARIA has them: one in the order of the keyboard, the others by arrow keys. */
function buildTabs(view) {
  const { lab } = view;
  for (const tab of view.tabs) {
    const [button, panel] = [ownId(), ownId()];
    tab.button = h("button", { id: button, role: "tab", "aria-controls": panel, "data-tab": tab.name,
      onclick: () => showTab(view, tab.name) }, lab.text(tab.name));
    tab.panel = h("div", { id: panel, role: "tabpanel", "aria-labelledby": button, class: "panel" }, tab.element);
  }
  return h("div", { class: "tabs", role: "tablist", "aria-label": lab.text("tabs"), hidden: view.tabs.length === 1,
    onkeydown: event => stepTab(view, event) }, ...view.tabs.map(tab => tab.button));
}

function stepTab(view, event) {
  const now = view.tabs.findIndex(tab => tab.name === view.shown), { length } = view.tabs;
  const next = { ArrowRight: now + 1, ArrowLeft: now - 1 + length, Home: 0, End: length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  showTab(view, view.tabs[next % length].name);
  view.tabs[next % length].button.focus();
}

function showTab(view, name) {
  view.shown = name;
  choose("tab", name);
  for (const tab of view.tabs) {
    const now = tab.name === name;
    tab.button.setAttribute("aria-selected", now);
    tab.button.tabIndex = now ? 0 : -1;
    tab.panel.hidden = !now;
  }
  for (const tab of view.tabs) tab.shown?.(tab.name === name && !document.hidden);
}

export default { open, render };
