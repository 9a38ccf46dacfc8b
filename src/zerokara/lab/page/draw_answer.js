// What the network sees of a picture, how it came to be, and its answer: probabilities as bars, with their numbers.

const GRAYS = ramp("#000", "#fff"); // pictures are shown as they are, in light and dark

/** The input, large, and the stages before it. */
class Seen {
  constructor(lab, editing) {
    Object.assign(this, { lab, pixels: null, range: [0, 1] });
    this.canvas = h("canvas", { class: "draw-input", role: "img", "aria-label": lab.text("draw_seen") });
    this.stages = h("div", { class: "draw-stages" });
    this.twin = twin(lab, () => numbersTable(this.pixels, this.pixels.shape));
    this.element = drawCard("draw-seen", [h("h2", {}, lab.text("draw_seen")), editing], this.canvas, this.stages,
      this.twin.element);
  }

  /** `prepared` is the answer that has the stages. */
  show(answer, prepared, range) {
    const inputs = answer.array("inputs"), [, rows, columns] = inputs.shape, size = rows * columns;
    this.pixels = inputs.subarray(answer.way * size, (answer.way + 1) * size);
    this.pixels.shape = [rows, columns];
    this.range = range;
    paintNumbers(this.canvas, this.pixels, [rows, columns], { colours: GRAYS, low: range[0], high: range[1] });
    if (prepared !== this.prepared) this.showStages(prepared);
    this.prepared = prepared;
    this.twin.refresh();
  }

  /** The canvases stay while the labels do: a stroke asks many times a second. */
  showStages(answer) {
    const labels = answer.stages;
    while (this.stages.children.length > labels.length) this.stages.lastChild.remove();
    labels.forEach((label, k) => {
      const figure = this.stages.children[k] ?? this.stages.appendChild(stageFigure());
      const [canvas, caption] = figure.children, picture = answer.array(`stage${k}`);
      canvas.setAttribute("aria-label", label);
      say(caption, label);
      paintNumbers(canvas, picture, picture.shape, { colours: GRAYS, low: 0, high: 255 });
    });
  }
}

function stageFigure() {
  return h("figure", {}, h("canvas", { role: "img" }), h("figcaption", {}));
}

/** A table of numbers (rows, columns), as many digits as a pixel needs. */
function numbersTable(numbers, [rows, columns], digits = 3) {
  const head = ["", ...Array.from({ length: columns }, (_, column) => column)];
  return table(null, head, Array.from({ length: rows }, (_, row) => [
    row, ...Array.from(numbers.subarray(row * columns, (row + 1) * columns), x => short(x, digits)),
  ]));
}

/** The answer and the bars. pick(number) is called with the class that is clicked. */
class Answer {
  constructor(lab, pick) {
    Object.assign(this, { lab, pick, bars: [] });
    this.heading = h("p", { class: "draw-heading" });
    this.note = h("p", { class: "draw-note", hidden: true });
    this.doubts = h("ul", { class: "draw-doubts" });
    this.rest = h("p", { class: "small muted", hidden: true });
    this.compared = h("p", { class: "small muted", hidden: true }, lab.text("draw_before"));
    this.refused = h("p", { class: "problem", hidden: true });
    this.list = h("div", { class: "draw-bars", role: "group", "aria-label": lab.text("draw_probabilities") });
    this.element = drawCard("draw-answer", h("h2", {}, lab.text("draw_answer")), this.heading, this.note,
      this.refused, this.list, this.rest, this.compared, this.doubts);
  }

  show(answer, found, off) {
    this.refused.hidden = true;
    this.element.classList.remove("old");
    this.element.classList.toggle("empty", answer.empty);
    say(this.heading, answer.heading);
    this.tell(this.note, answer.note);
    this.tell(this.rest, answer.rest);
    const doubts = answer.empty ? [] : [...found, ...answer.doubts];
    if (doubts.join() !== this.told) this.doubts.replaceChildren(...doubts.map(doubt => h("li", {}, doubt)));
    this.told = doubts.join();
    this.showBars(answer, off);
  }

  /** Why there is no answer; what is shown is that to another question. */
  refuse(text) {
    this.tell(this.refused, text);
    this.tell(this.note, "");
    this.element.classList.toggle("old", true);
  }

  tell(element, text) {
    say(element, text);
    element.hidden = !text;
  }

  showBars(answer, off) {
    const now = answer.array("probabilities"), before = answer.array("before");
    while (this.bars.length < answer.classes.length) this.list.append(this.bar(this.bars.length).element);
    while (this.bars.length > answer.classes.length) this.bars.pop().element.remove();
    this.compared.hidden = !off || answer.empty;
    this.list.classList.toggle("compared", !this.compared.hidden);
    const most = now.indexOf(Math.max(...now));
    answer.classes.forEach((one, k) => {
      const bar = this.bars[k];
      bar.number = one.number;
      say(bar.name, one.name);
      say(bar.share, answer.empty ? "–" : one.share);
      say(bar.before, off && !answer.empty ? one.before : "");
      bar.fill.style.width = answer.empty ? "0" : `${100 * now[k]}%`;
      bar.mark.style.left = `${100 * before[k]}%`;
      bar.element.classList.toggle("most", k === most && !answer.empty);
      const chosen = answer.unit?.output && answer.unit.unit === one.number;
      bar.element.setAttribute("aria-pressed", Boolean(chosen));
    });
  }

  bar() {
    const bar = { name: h("span", { class: "name" }), share: h("span", { class: "share" }), before: h("span", { class: "before" }) };
    bar.fill = h("span", { class: "fill" });
    bar.mark = h("span", { class: "mark" });
    bar.element = h("button", { class: "draw-bar", "aria-pressed": "false", onclick: () => this.pick(bar.number) },
      bar.name, h("span", { class: "track", "aria-hidden": "true" }, bar.fill, bar.mark), bar.share, bar.before);
    this.bars.push(bar);
    return bar;
  }
}
