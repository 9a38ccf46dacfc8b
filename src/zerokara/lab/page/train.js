// The tab Train: the frame of it, and who shows what of a frame that Python pushed.

TABS.push({
  name: "train",
  build(lab) {
    const form = recipeForm(lab), controls = trainingControls(lab, form), curves = trainingCurves(lab);
    const weights = weightPictures(lab), confusion = confusionTable(lab), misread = misreadPictures(lab);
    const layers = layerTable(lab), runs = earlierRuns(lab, curves);
    curves.onPick(controls.aim);
    const late = new Map(), switches = { log_scale: curves.log, each_scale: weights.each };
    let seen = false, training = null;

    const element = h("section", { class: "train" },
      h("h2", { class: "unseen" }, lab.text("train")), controls.element,
      h("div", { class: "panels" }, ...curves.elements, weights.element, confusion.element, misread.element,
        layers.element, runs.element),
      shortcutList(lab));

    return {
      element,
      frame(content) {
        if (content.training !== training) [confusion, misread].forEach(part => part.forget());
        training = content.training;
        curves.take(content);
        for (const [name, part] of [["W1", weights], ["confusion", confusion], ["misread", misread]]) {
          if (content.arrays?.[name]) late.set(part, content);
        }
        if (seen) paint();
      },
      shown(visible) {
        seen = visible;
        if (visible) paint();
      },
      overlay: run => runs.lay(run),
      state() {
        const on = Object.keys(switches).filter(name => switches[name].on);
        return on.length ? { on } : {};
      },
      restore({ on = [] }) {
        for (const [name, one] of Object.entries(switches)) one.turn(on.includes(name));
        runs.clear();
      },
    };

    /** What is always there first, then what came with one of the frames since this was last seen. */
    function paint() {
      for (const part of [form, controls, curves, layers, runs]) part.paint(lab.state);
      for (const [part, content] of late) part.paint(content);
      late.clear();
    }
  },
});

/** The keys that do something anywhere, for whoever looks for them. */
function shortcutList(lab) {
  const keys = ["key_space", "key_point", "key_arrows"].map(key => h("li", {}, lab.text(key)));
  return h("details", { class: "twin shortcuts" }, h("summary", {}, lab.text("keys")), h("ul", {}, ...keys));
}

/** A white sheet with a title, and what stands beside it. */
function card(name, title, beside, ...children) {
  return h("section", { class: `card ${name}`, "aria-label": title },
    h("header", {}, h("h2", {}, title), ...[beside].flat()), ...children);
}

/** A small button that is on or off; `changed(on)` is called when it is turned. */
function switchButton(attributes, label, changed) {
  const element = h("button", { class: "quiet", "aria-pressed": "false", onclick: () => turn(!made.on), ...attributes }, label);
  const made = { element, on: false, turn };
  function turn(on) {
    if (on === made.on) return;
    made.on = on;
    element.setAttribute("aria-pressed", on);
    changed(on);
  }
  return made;
}

/** Whether somebody is writing in an element: then nothing may be put in there. */
function edited(element) {
  return element.getRootNode().activeElement === element;
}

/** Call `f` once, `wait` milliseconds after the last time it was asked for. */
function settled(f, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...given), wait);
  };
}
