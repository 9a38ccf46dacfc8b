// One unit: which of its inputs spoke for and against it, their sum, and what it hands on.

/** hooks: pick(layer, unit), toggle(layer, unit), isOff(layer, unit). */
class Unit {
  constructor(lab, hooks) {
    Object.assign(this, { lab, hooks, answer: null });
    this.title = h("h2", {}, lab.text("draw_unit_none"));
    this.none = h("p", { class: "muted" }, lab.text("draw_choose"));
    this.code = h("code", {});
    this.off = h("button", { class: "quiet", "aria-pressed": "false" }, "");
    this.off.addEventListener("click", () => hooks.toggle(this.answer.unit.layer, this.answer.unit.unit));
    this.buildPictures();
    this.sum = h("table", { class: "draw-sum" });
    this.speakers = h("div", { class: "draw-lists" });
    this.receivers = h("div", {});
    this.body = h("div", { class: "draw-unit-body", hidden: true }, this.pictures, this.sum, this.speakers, this.receivers);
    this.element = drawCard("draw-unit", [this.title, this.code, this.off], this.none, this.body, this.twin.element);
    lab.on("theme", () => this.answer?.unit && this.paint());
    this.off.hidden = this.twin.element.hidden = true;
  }

  buildPictures() {
    const { lab } = this;
    const picture = key => h("figure", {}, h("canvas", { role: "img", "aria-label": lab.text(key) }), h("figcaption", {}, lab.text(key)));
    [this.input, this.weights, this.contributions] = ["draw_input", "draw_weights", "draw_contributions"].map(picture);
    const sign = text => h("span", { class: "sign", "aria-hidden": "true" }, text);
    this.pictures = h("div", { class: "draw-three" }, this.input, sign("×"), this.weights, sign("="), this.contributions);
    this.twin = twin(lab, () => numbersTable(this.spoken, tableShape(this.spoken.shape)));
  }

  show(answer, pixels, range) {
    const { unit } = answer;
    Object.assign(this, { answer, pixels, range });
    this.none.hidden = Boolean(unit);
    this.body.hidden = this.code.hidden = this.twin.element.hidden = !unit;
    this.off.hidden = !unit || unit.output;
    if (!unit) return say(this.title, this.lab.text("draw_unit_none"));
    this.spoken = answer.array("contributions");
    this.say(unit);
    this.paint();
    this.list(unit);
    this.twin.refresh();
  }

  say(unit) {
    const { lab } = this, off = this.hooks.isOff(unit.layer, unit.unit);
    say(this.title, unit.output ? lab.text("draw_output", unit) : lab.text("draw_unit", unit));
    say(this.code, `W${unit.layer}[:, ${unit.unit}]`);
    say(this.off, lab.text(off ? "draw_on" : "draw_off"));
    this.off.setAttribute("aria-pressed", off);
    const rows = [["draw_sum", unit.sum], ["draw_bias", unit.bias], [unit.output ? "draw_score" : "draw_total", unit.total]];
    if (!unit.output) rows.push([off ? "draw_activity_off" : "draw_activity", unit.activity]);
    const facts = { name: unit.activation };
    this.sum.replaceChildren(h("tbody", {}, ...rows.map(([key, number]) =>
      h("tr", {}, h("th", { scope: "row" }, lab.text(key, facts)), h("td", {}, number)))));
  }

  /** The first layer's inputs are a picture; those of deeper ones are named below. */
  paint() {
    const isPicture = this.spoken.shape.length === 2, { answer, lab } = this;
    this.pictures.hidden = !isPicture;
    if (!isPicture) return;
    const weights = answer.array("weights"), [low, high] = this.range, shape = this.spoken.shape;
    paintNumbers(this.input.firstChild, this.pixels, shape, { colours: GRAYS, low, high });
    paintWeights(lab, this.weights.firstChild, weights, shape);
    paintWeights(lab, this.contributions.firstChild, this.spoken, shape);
  }

  list(unit) {
    const { lab, answer } = this, handed = answer.array("handed_on");
    const most = furthest(this.spoken);
    const spoke = (key, units) => this.signedList(lab.text(key), units.map(one => ({
      name: lab.text("draw_unit_short", one), text: one.text, share: this.spoken[one.unit] / most,
      pick: () => this.hooks.pick(unit.layer - 1, one.unit),
    })));
    this.speakers.hidden = this.spoken.shape.length === 2;
    if (!this.speakers.hidden) {
      this.speakers.replaceChildren(spoke("draw_for", unit.speaks_for), spoke("draw_against", unit.against));
    }
    const [strongest, last] = [furthest(handed) || 1, answer.layers.length];
    this.receivers.hidden = unit.output;
    if (unit.output) return;
    this.receivers.replaceChildren(this.signedList(lab.text("draw_handed"), unit.receivers.map(one => ({
      name: unit.layer === last ? one.name : lab.text("draw_unit_short", one), text: one.text,
      share: handed[one.unit] / strongest, pick: () => this.hooks.pick(unit.layer + 1, one.unit),
    }))));
  }

  /** Bars to the left, below zero, and to the right. */
  signedList(title, entries) {
    const bar = ({ name, text, share, pick }) => h("button", { class: "draw-signed", onclick: pick },
      h("span", { class: "name" }, name),
      h("span", { class: "track", "aria-hidden": "true" },
        h("span", { class: share < 0 ? "fill negative" : "fill", style: `width: ${50 * Math.abs(share)}%` })),
      h("span", { class: "share" }, text));
    return h("div", { class: "draw-list" }, h("h3", {}, title), ...entries.map(bar));
  }
}

/** (rows, columns) of a table: what is no picture gets twenty columns. */
function tableShape(shape) {
  return shape.length === 2 ? shape : [Math.ceil(shape[0] / 20), Math.min(20, shape[0])];
}
