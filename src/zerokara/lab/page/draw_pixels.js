// The pixels of a test sample, or of what a drawing became: each can be given another value, and is asked as it is.

const VALUE_STEPS = 20; // from black to white

/** changed() is called whenever a pixel has another value. */
class Pixels {
  constructor(lab, changed) {
    const [rows, columns] = lab.hello.image_shape, keys = h("p", { class: "small muted", id: ownId() }, lab.text("draw_pixel_keys"));
    Object.assign(this, { lab, changed, shape: [rows, columns], range: [0, 1], edits: [], isLaid: false });
    this.values = new Float32Array(rows * columns);
    this.original = this.values.slice();
    this.sheet = new Sheet({
      width: columns, height: rows, rows, columns, label: lab.text("draw_pixels"), description: keys.id, hooks: this,
    });
    this.element = h("div", { class: "draw-pixels" }, this.sheet.element, this.buildTools(), keys);
    this.moved(this.sheet.cursor);
  }

  buildTools() {
    const { lab } = this;
    this.value = h("input", { type: "range", min: 0, max: 1, step: 1 / VALUE_STEPS, value: 1 });
    this.place = h("span", {});
    this.number = h("input", { type: "number", step: "any", class: "draw-number" });
    this.number.addEventListener("change", () => this.number.value !== "" && this.set(Number(this.number.value)));
    return h("div", { class: "draw-tools" },
      h("button", { onclick: () => this.undo() }, lab.text("draw_undo")),
      h("button", { onclick: () => this.clear() }, lab.text("draw_reset")),
      h("label", {}, lab.text("draw_value"), this.value),
      h("label", {}, this.place, this.number));
  }

  /** What was edited: [number of the pixel, its value] of each. */
  edited() {
    return [...this.values.keys()].filter(at => this.values[at] !== this.original[at]).map(at => [at, this.values[at]]);
  }

  /** Edit what `edited` said. */
  restore(edited) {
    for (const [at, value] of edited) if (at in this.values) this.values[at] = value;
    this.repaint();
    this.moved(this.sheet.cursor);
  }

  /** Show a picture (rows, columns), whose values go from black to white as `range` says. */
  lay(values, range) {
    this.values = Float32Array.from(values);
    this.original = this.values.slice();
    this.range = range;
    this.edits = [];
    this.isLaid = true;
    const [low, high] = range;
    Object.assign(this.value, { min: low, max: high, step: (high - low) / VALUE_STEPS, value: high });
    this.repaint();
    this.moved(this.sheet.cursor);
  }

  repaint() {
    const [low, high] = this.range;
    paintNumbers(this.sheet.canvas, this.values, this.shape, { colours: GRAYS, low, high });
  }

  begin(erasing) {
    this.painted = erasing ? this.range[0] : Number(this.value.value);
    this.edits.push(new Map());
  }

  line([x, y], [toX, toY]) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(toX - x, toY - y)));
    for (let k = 0; k <= steps; k++) this.put(x + ((toX - x) * k) / steps, y + ((toY - y) * k) / steps);
    this.shown();
  }

  end() {}

  put(x, y) {
    const [rows, columns] = this.shape, row = Math.floor(y), column = Math.floor(x);
    if (row < 0 || column < 0 || row >= rows || column >= columns) return;
    const at = row * columns + column, edit = this.edits.at(-1);
    if (!edit.has(at)) edit.set(at, this.values[at]);
    this.values[at] = this.painted;
  }

  shown() {
    this.repaint();
    this.moved(this.sheet.cursor);
    this.changed();
  }

  /** Give the pixel at the cursor a value. */
  set(value) {
    if (!Number.isFinite(value)) return;
    this.begin(false);
    this.painted = value;
    this.put(...this.sheet.middle);
    this.shown();
  }

  press() {
    this.set(Number(this.value.value));
  }

  undo() {
    const edit = this.edits.pop();
    if (!edit) return;
    for (const [at, value] of edit) this.values[at] = value;
    this.shown();
  }

  /** As it was before it was edited. */
  clear() {
    const edit = new Map();
    this.original.forEach((value, at) => this.values[at] !== value && edit.set(at, this.values[at]));
    if (edit.size) this.edits.push(edit);
    this.values.set(this.original);
    this.shown();
  }

  key({ key }) {
    const [low, high] = this.range, step = (high - low) / 10;
    if (key !== "+" && key !== "-") return false;
    const value = this.values[this.at(this.sheet.cursor)] + (key === "+" ? step : -step);
    this.set(Math.max(low, Math.min(high, value)));
    return true;
  }

  at({ row, column }) {
    return row * this.shape[1] + column;
  }

  moved(cursor) {
    if (!this.place) return;
    say(this.place, this.lab.text("draw_pixel", cursor));
    this.number.value = tidy(this.values[this.at(cursor)].toPrecision(6));
  }

  get question() {
    const pixels = this.values.slice();
    pixels.shape = this.shape;
    return { arrays: { pixels }, range: this.range };
  }
}
