// An array as a picture, of pixels or of cells, with the number of what one points at; one of them can be chosen.

const CELL = 12; // pixels of a cell on its canvas, its edge included
const IN_A_ROW = 10; // cells at least, where there are as many

/** choose(axis, index) is called with what is clicked, or stepped to by arrow keys. */
class NumberPicture {
  constructor(lab, choose) {
    Object.assign(this, { lab, choose, item: null, numbers: null, chosen: 0, pointed: null });
    this.canvas = h("canvas", { tabindex: "0", role: "application", class: "pickable" });
    this.mark = h("div", { class: "step-mark", "aria-hidden": "true" });
    this.title = h("figcaption", {});
    this.reading = h("output", { class: "number" });
    this.rest = h("p", { class: "small muted" });
    this.sheet = h("div", { class: "step-sheet" }, this.canvas, this.mark);
    this.element = h("figure", { class: "step-panel" }, this.title, this.sheet, this.reading, this.rest);
    this.canvas.addEventListener("pointermove", event => this.point(this.at(event)));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("pointerdown", event => this.pick(this.at(event)));
    this.canvas.addEventListener("keydown", event => this.pressed(event));
  }

  /** `most` is the number with the strongest colour. */
  show(item, numbers, { chosen, range, most, name }) {
    Object.assign(this, { item, numbers, chosen, name });
    if (item.term) this.element.dataset.terms = item.term;
    this.title.replaceChildren(...formulaNodes(item.title));
    this.canvas.setAttribute("aria-label", plainFormula(item.title));
    this.element.classList.toggle("large", Boolean(item.large));
    say(this.rest, item.rest);
    paintArray(this.lab, this.canvas, numbers, { ink: item.ink, range, most });
    [this.rows, this.columns] = gridOf(numbers.shape);
    this.sheet.style.aspectRatio = `${this.columns} / ${this.rows}`;
    this.placeMark();
    this.read();
  }

  placeMark() {
    const { chosen, columns, rows, mark } = this;
    mark.hidden = chosen >= this.numbers.length;
    Object.assign(mark.style, {
      left: `${(100 * (chosen % columns)) / columns}%`, top: `${(100 * Math.floor(chosen / columns)) / rows}%`,
      width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.rows);
    const index = row * this.columns + column;
    return column >= 0 && column < this.columns && row >= 0 && index < this.numbers.length ? index : null;
  }

  point(index) {
    this.pointed = index;
    this.read();
  }

  /** The number that is pointed at, or else the chosen one. */
  read() {
    const index = this.pointed ?? this.chosen, value = this.numbers[index];
    if (value === undefined) return this.reading.replaceChildren();
    const place = `${this.item.place.replaceAll("{i}", index)} = ${short(value, 4)}`, name = this.name(index);
    this.reading.replaceChildren(...indexed(place), name && name !== String(index) ? ` · ${name}` : "");
    this.canvas.setAttribute("aria-description", place);
  }

  pick(index) {
    if (index === null || index === this.chosen) return;
    this.chosen = index;
    this.placeMark();
    this.read();
    this.choose(this.item.axis, index);
  }

  pressed(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Math.min(this.chosen, this.numbers.length - 1) + arrow[0] * this.columns + arrow[1];
    if (next < 0 || next >= this.numbers.length) return;
    this.pointed = null;
    this.pick(next);
    this.lab.announce(this.reading.textContent);
  }
}

/** Rows and columns of an array: its own, or those of cells. */
function gridOf(shape) {
  if (shape.length === 2) return shape;
  const columns = Math.min(shape[0], Math.max(IN_A_ROW, Math.ceil(Math.sqrt(shape[0]))));
  return [Math.ceil(shape[0] / columns), columns];
}

/** Paint an array: a picture pixel by pixel, or a vector in cells, in the colours of ink or of weights. */
function paintArray(lab, canvas, numbers, { ink, range, most = furthestFinite(numbers) }) {
  const [rows, columns] = gridOf(numbers.shape), cell = numbers.shape.length === 2 ? 1 : CELL;
  const scale = ink ? { colours: GRAYS, low: range[0], high: range[1] } : { colours: weightColours(lab), low: -most, high: most };
  canvas.style.setProperty("--ratio", columns / rows);
  if (cell === 1) paintNumbers(canvas, numbers, [rows, columns], scale);
  else if (canvas.width !== columns * cell || canvas.height !== rows * cell) [canvas.width, canvas.height] = [columns * cell, rows * cell];
  const context = canvas.getContext("2d"), edge = cell > 1 ? 1 : 0;
  if (edge) context.clearRect(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < numbers.length; k++) {
    if (cell === 1 && Number.isFinite(numbers[k])) continue;
    context.fillStyle = cellColour(lab, numbers[k], scale);
    context.fillRect((k % columns) * cell, Math.floor(k / columns) * cell, cell - edge, cell - edge);
  }
}

/** What is not finite has a colour that no number has. */
function cellColour(lab, number, { colours, low, high }) {
  if (!Number.isFinite(number)) return lab.colour("edge");
  const at = 3 * Math.max(0, Math.min(255, Math.round((255 * (number - low)) / (high - low))));
  return `rgb(${colours[at]} ${colours[at + 1]} ${colours[at + 2]})`;
}

/** The largest distance from zero of those that are finite, or 1. */
function furthestFinite(numbers) {
  return furthest(numbers.filter(Number.isFinite)) || 1;
}
