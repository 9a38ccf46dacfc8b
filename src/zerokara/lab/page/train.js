// The tab Train: the frame of it, and who shows what of a frame that Python pushed.

TABS.push({
  name: "train",
  build(lab) {
    const curves = trainingCurves(lab), weights = weightPictures(lab), layers = layerTable(lab);
    const pictures = [["W1", weights], ["confusion", confusionTable(lab)], ["misread", misreadPictures(lab)]];
    const around = lab.hello.steerable ? steering(lab, curves) : onlooking(lab, curves, pictures, layers);
    const late = new Map(), switches = { log_scale: curves.log, each_scale: weights.each };
    let seen = false, training = null;

    const panels = h("div", { class: "panels" }, ...curves.elements, ...pictures.map(([, part]) => part.element),
      layers.element, around.last);
    const element = h("section", { class: lab.hello.steerable ? "train" : "train own" },
      h("h2", { class: "unseen" }, lab.text("train")), around.above,
      around.beside ? h("div", { class: "beside" }, panels, around.beside) : panels,
      shortcutList(lab));

    return {
      element,
      frame(content) {
        if (content.training !== training) for (const [, part] of pictures) part.forget?.();
        training = content.training;
        curves.take(content);
        for (const [name, part] of pictures) {
          if (content.arrays?.[name]) late.set(part, content);
        }
        if (seen) paint();
      },
      shown(visible) {
        seen = visible;
        if (visible) paint();
      },
      overlay: run => around.runs?.lay(run),
      state() {
        const on = Object.keys(switches).filter(name => switches[name].on);
        return on.length ? { on } : {};
      },
      restore({ on = [] }) {
        for (const [name, one] of Object.entries(switches)) one.turn(on.includes(name));
        around.runs?.clear();
      },
    };

    /** What is always there first, then what came with one of the frames since this was last seen. */
    function paint() {
      for (const part of [...around.parts, curves, layers]) part.paint(lab.state);
      for (const [part, content] of late) {
        part.element.hidden = false;
        part.paint(content);
      }
      late.clear();
    }
  },
});

/** What stands around the curves of a training that can be steered. */
function steering(lab, curves) {
  const form = recipeForm(lab), controls = trainingControls(lab, form), runs = earlierRuns(lab, curves);
  curves.onPick(controls.aim);
  return { above: controls.element, last: runs.element, parts: [form, controls, runs], runs };
}

/** The keys that do something anywhere, for whoever looks for them. */
function shortcutList(lab) {
  const known = lab.hello.steerable ? ["key_space", "key_point", "key_arrows"] : ["key_arrows"];
  const keys = known.map(key => h("li", {}, lab.text(key)));
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
