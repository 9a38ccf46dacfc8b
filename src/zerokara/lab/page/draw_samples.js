// Which test sample is shown: by its number, at random, the next misread one, or one of those misread most surely, a list of which is `found`.

/** chosen(sample) is called with what Python answers: {number, label, range, array("pixels")}. */
class Samples {
  constructor(lab, chosen) {
    Object.assign(this, { lab, chosen, number: null, label: h("p", { class: "draw-label" }) });
    this.field = h("input", { type: "number", min: 0, step: 1, value: 0, class: "draw-number" });
    this.field.addEventListener("change", () => this.pick(Number(this.field.value)));
    this.refused = h("p", { class: "problem", hidden: true });
    this.grid = h("div", { class: "draw-misread" });
    this.counted = h("p", { class: "small muted" });
    const again = h("button", { class: "quiet", onclick: () => this.list() }, lab.text("draw_again"));
    this.found = drawCard("draw-found", [h("h2", {}, lab.text("draw_most")), again], this.counted, this.grid);
    this.element = h("div", { class: "draw-samples" },
      h("div", { class: "draw-tools" },
        h("label", {}, lab.text("draw_number"), this.field),
        h("button", { onclick: () => this.pick("random") }, lab.text("draw_random")),
        h("button", { onclick: () => this.pick("misread") }, lab.text("draw_misread"))),
      this.label, this.refused);
  }

  /** Show another test sample: a number, "random" or "misread". */
  async pick(which) {
    const sample = await this.asked("sample", { which, after: this.number ?? -1 });
    if (!sample) return;
    this.number = sample.number;
    this.field.value = sample.number;
    this.field.max = sample.last;
    say(this.label, this.lab.text("draw_label", sample));
    this.chosen(sample);
  }

  /** What is shown is no test sample any more. */
  forget() {
    this.number = null;
    this.field.value = "";
    say(this.label, "");
  }

  /** Show those that are misread most confidently. */
  async list() {
    const found = await this.asked("misread");
    if (!found) return;
    say(this.counted, this.lab.text("draw_wrong", { n: count(found.wrong), iteration: count(found.iteration) }));
    const pictures = found.array("pictures"), [, rows, columns] = pictures.shape, [low, high] = found.range;
    this.grid.replaceChildren(...found.samples.map((sample, k) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      const pixels = pictures.subarray(k * rows * columns, (k + 1) * rows * columns);
      paintNumbers(canvas, pixels, [rows, columns], { colours: GRAYS, low, high });
      const told = this.lab.text("draw_read_as", sample);
      return h("button", { title: told, "aria-label": told, onclick: () => this.pick(sample.number) }, canvas,
        h("span", { "aria-hidden": "true" }, `${sample.label} → ${sample.answer}`));
    }));
  }

  async asked(type, fields = {}) {
    this.refused.hidden = true;
    try {
      return await this.lab.ask(type, fields);
    } catch (error) {
      say(this.refused, error.message);
      this.refused.hidden = false;
      return null;
    }
  }
}
