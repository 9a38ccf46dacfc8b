// A drawing in white ink on black, as MNIST has it: strokes that can be taken back, and pictures from files.

const INK_PIXELS = 280; // of the longer side
const INK_CELL = 10; // pixels that the keyboard's cursor moves by: 28 cells
const MOST_PNG = 4096; // bytes of a drawing that a state of the lab keeps
const SOFT_EDGE = 3; // pixels that an eraser is wider: it takes the soft edge of a line too
const WIDTHS = { least: 1, most: 5, step: 0.5, first: 2.5 }; // of the brush, in cells

/** changed() is called whenever there is other ink. `tools` are its buttons. */
class Ink {
  constructor(lab, changed, opened) {
    const [height, width] = pixelsOf(lab.hello.image_shape);
    const keys = h("p", { class: "small muted", id: ownId() }, lab.text("draw_keys"));
    Object.assign(this, { lab, changed, opened, strokes: [], width: WIDTHS.first, erasing: false });
    this.sheet = new Sheet({
      width, height, rows: height / INK_CELL, columns: width / INK_CELL,
      label: lab.text("draw_sheet"), description: keys.id, hooks: this,
    });
    this.context = this.sheet.canvas.getContext("2d", { willReadFrequently: true });
    this.hint = h("div", { class: "draw-hint", "aria-hidden": "true" }, lab.text("draw_hint"));
    this.sheet.element.append(this.hint);
    this.element = h("div", { class: "draw-ink" }, this.sheet.element, this.buildTools(), keys);
    this.redraw();
  }

  buildTools() {
    const { lab } = this;
    const slider = h("input", {
      type: "range", min: WIDTHS.least, max: WIDTHS.most, step: WIDTHS.step, value: this.width,
      oninput: () => (this.width = Number(slider.value)),
    });
    this.eraser = h("button", { "aria-pressed": "false", onclick: () => this.erase(!this.erasing) }, lab.text("draw_eraser"));
    const file = h("input", { type: "file", accept: "image/*", hidden: true, "aria-label": lab.text("draw_file") });
    file.addEventListener("change", () => {
      if (file.files[0]) this.opened(file.files[0]);
      file.value = "";
    });
    return h("div", { class: "draw-tools" },
      h("button", { onclick: () => this.undo() }, lab.text("draw_undo")),
      h("button", { onclick: () => this.clear() }, lab.text("draw_clear")),
      this.eraser,
      h("label", {}, lab.text("draw_width"), slider),
      h("button", { onclick: () => file.click() }, lab.text("draw_file")), file);
  }

  erase(erasing) {
    this.erasing = erasing;
    this.eraser.setAttribute("aria-pressed", erasing);
  }

  begin(erasing) {
    if (this.strokes.at(-1)?.picture) this.strokes.push({ cleared: true });
    this.strokes.push({ erase: erasing || this.erasing, width: this.width, lines: [] });
  }

  line(from, to) {
    const stroke = this.strokes.at(-1), isFirst = !stroke.lines.length;
    stroke.lines.push([from, to]);
    if (isFirst) this.redraw();
    else this.draw({ ...stroke, lines: [[from, to]] });
    this.changed();
  }

  end() {}

  /** Ink at the cursor, or none where there is some. */
  press() {
    const [x, y] = this.sheet.middle.map(cells => Math.floor(cells * INK_CELL));
    this.begin(this.context.getImageData(x, y, 1, 1).data[0] > 127);
    this.line(this.sheet.middle, this.sheet.middle);
  }

  undo() {
    if (!this.strokes.pop()) return;
    if (this.strokes.at(-1)?.cleared && this.strokes.at(-2)?.picture) this.strokes.pop();
    this.redraw();
    this.changed();
  }

  clear() {
    if (this.strokes.length && !this.strokes.at(-1).cleared) this.strokes.push({ cleared: true });
    this.redraw();
    this.changed();
  }

  key({ key }) {
    if (key.toLowerCase() !== "e") return false;
    this.erase(!this.erasing);
    return true;
  }

  /** A picture (rows, columns) of bytes that came from a file, asked about by `question`. */
  lay(picture, question) {
    this.strokes.push({ picture, question });
    this.redraw();
  }

  /** The drawing as a small PNG in base64; "" where there is none, it is a picture's file, or too large to be kept. */
  async inText() {
    const last = this.strokes.at(-1);
    if (!last || last.cleared || last.picture) return "";
    if (this.kept?.last === last && this.kept.lines === last.lines?.length) return this.kept.text;
    const { lines } = last, { ink } = this.question.arrays, png = await grayPng(ink, ink.shape);
    const text = png.length <= MOST_PNG ? btoa(String.fromCharCode(...png)) : "";
    this.kept = { last, lines: lines?.length, text };
    return text;
  }

  /** The drawing that such a text is; what was there before can be had back by Undo. */
  async restore(text) {
    if (text === await this.inText() && !this.strokes.at(-1)?.picture) return;
    const drawing = text && await createImageBitmap(new Blob([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))]));
    if (drawing) this.strokes.push({ drawing });
    else if (this.strokes.length) this.strokes.push({ cleared: true });
    this.redraw();
  }

  redraw() {
    const { context, strokes } = this, { width, height } = this.sheet.canvas;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const from = strokes.findLastIndex(stroke => stroke.cleared || stroke.picture || stroke.drawing);
    if (strokes[from]?.picture) this.drawPicture(strokes[from].picture);
    if (strokes[from]?.drawing) context.drawImage(strokes[from].drawing, 0, 0, width, height);
    for (const stroke of strokes.slice(from + 1)) this.draw(stroke);
    this.hint.hidden = strokes.length > 0 && !strokes.at(-1).cleared;
  }

  /** Line by line, so that it looks the same when it is drawn again. */
  draw({ erase, width, lines }) {
    const context = this.context, thick = width * INK_CELL + (erase ? SOFT_EDGE : 0);
    context.lineCap = "round";
    context.lineWidth = thick;
    context.strokeStyle = context.fillStyle = erase ? "#000" : "#fff";
    for (const [[x, y], [toX, toY]] of lines) {
      context.beginPath();
      if (x === toX && y === toY) {
        context.arc(x * INK_CELL, y * INK_CELL, thick / 2, 0, 2 * Math.PI);
        context.fill();
      } else {
        context.moveTo(x * INK_CELL, y * INK_CELL);
        context.lineTo(toX * INK_CELL, toY * INK_CELL);
        context.stroke();
      }
    }
  }

  drawPicture(picture) {
    const small = h("canvas"), { width, height } = this.sheet.canvas, [rows, columns] = picture.shape;
    paintNumbers(small, picture, picture.shape, { colours: GRAYS, low: 0, high: 255 });
    const scale = Math.min(width / columns, height / rows);
    const [w, h_] = [columns * scale, rows * scale];
    this.context.drawImage(small, (width - w) / 2, (height - h_) / 2, w, h_);
  }

  /** What is asked: the ink of all pixels, or what was found in a file. */
  get question() {
    const last = this.strokes.at(-1);
    if (last?.picture) return last.question;
    const { width, height } = this.sheet.canvas, { data } = this.context.getImageData(0, 0, width, height);
    const ink = new Uint8Array(width * height);
    for (let k = 0; k < ink.length; k++) ink[k] = data[4 * k];
    ink.shape = [height, width];
    return { arrays: { ink } };
  }
}

/** The pixels of a drawing of the same proportions as the pictures of a data set. */
function pixelsOf(shape) {
  const scale = INK_PIXELS / Math.max(...shape);
  return shape.map(side => INK_CELL * Math.max(1, Math.round((side * scale) / INK_CELL)));
}
