// The tab Draw: a picture that somebody draws, opens or edits, and what the network makes of it.
TABS.push({ name: "draw", build: lab => new DrawTab(lab) });

const ASKED_AGAIN = 300; // milliseconds at least, while the network learns

class DrawTab {
  constructor(lab) {
    Object.assign(this, { lab, isShown: false });
    this.element = h("section", { class: "draw" });
    this.hello();
  }

  /** Everything anew: other data have other pictures. */
  hello() {
    const { lab } = this;
    Object.assign(this, { off: new Map(), unit: null, question: null, found: [], range: [0, 1] });
    Object.assign(this, { answer: null, asking: false, again: false, askedAt: -Infinity });
    if (lab.hello.image_shape.length !== 2) {
      this.element.replaceChildren(h("div", { class: "card" }, h("p", {}, lab.text("draw_no_pictures"))));
      return;
    }
    this.ink = new Ink(lab, () => this.ask(this.ink.question), file => this.open(file));
    this.pixels = new Pixels(lab, () => this.ask(this.pixels.question));
    this.samples = new Samples(lab, sample => this.edit(sample.array("pixels"), sample.range));
    this.build();
    takeFiles(lab, this.element, () => this.isShown, file => this.open(file));
    this.turnTo("ink");
  }

  build() {
    const { lab } = this, hooks = {
      pick: (layer, unit) => this.look(layer, unit),
      toggle: (layer, unit) => this.toggle(layer, unit),
      isOff: (layer, unit) => this.off.has(`${layer},${unit}`),
      allOn: () => this.allOn(),
    };
    const turn = name => h("button", { "aria-pressed": "false", onclick: () => this.turnTo(name) }, lab.text(`draw_${name}`));
    this.turns = { ink: turn("ink"), sample: turn("sample") };
    this.editing = h("button", { onclick: () => this.editInput() }, lab.text("draw_edit"));
    this.seen = new Seen(lab);
    this.shown = new Answer(lab, number => this.look(lab.hello.sizes.length - 1, number));
    this.units = new Units(lab, hooks);
    this.told = new Unit(lab, hooks);
    this.seen.element.append(this.editing);
    this.element.replaceChildren(
      h("div", { class: "card draw-paper" }, h("div", { class: "draw-turns", role: "group", "aria-label": lab.text("draw_what") },
        this.turns.ink, this.turns.sample), this.ink.element, this.pixels.element, this.samples.element),
      this.shown.element, this.seen.element, this.units.element, this.told.element);
  }

  /** Draw on paper, or edit a test sample. */
  turnTo(name) {
    const ink = name === "ink";
    for (const [one, button] of Object.entries(this.turns)) button.setAttribute("aria-pressed", one === name);
    this.ink.element.hidden = !ink;
    this.pixels.element.hidden = this.samples.element.hidden = ink;
    if (ink) this.ask(this.ink.question);
    else if (this.samples.number === null) this.samples.pick(0);
    else this.ask(this.pixels.question);
  }

  /** Edit pixels, which are asked as they are. */
  edit(pixels, range) {
    this.range = range;
    this.pixels.lay(pixels, range);
    this.ask(this.pixels.question);
  }

  /** Edit what the network sees of the drawing. */
  editInput() {
    if (!this.seen.pixels) return;
    this.samples.forget();
    this.edit(this.seen.pixels, this.range);
    this.turnTo("sample");
    this.pixels.sheet.canvas.focus();
  }

  /** A picture's file. */
  async open(file) {
    try {
      const { name, bytes } = await sendable(this.lab, file);
      this.turnTo("ink");
      this.ask({ fields: { name }, files: [bytes], laid: true });
    } catch (error) {
      this.shown.refuse(error.message);
    }
  }

  look(layer, unit) {
    this.unit = [layer, unit];
    this.askAgain();
  }

  toggle(layer, unit) {
    const key = `${layer},${unit}`;
    if (!this.off.delete(key)) this.off.set(key, [layer, unit]);
    this.askAgain();
  }

  allOn() {
    this.off.clear();
    this.askAgain();
  }

  /** The network has learned: ask now and then. */
  frame(content) {
    const isNew = content.iteration !== undefined && content.iteration !== this.answer?.iteration;
    if (this.isShown && isNew && performance.now() > this.askedAt + ASKED_AGAIN) this.askAgain();
  }

  shownChanged() {}

  ask(question) {
    this.question = question;
    this.askAgain();
  }

  /** Never more than one question at a time: what changes meanwhile is asked after the answer. */
  async askAgain() {
    if (!this.question) return;
    this.again = this.asking;
    if (this.asking) return;
    this.asking = true;
    this.askedAt = performance.now();
    const { question } = this, { fields = {}, arrays = {}, files = [] } = question;
    try {
      const asked = { ...fields, off: [...this.off.values()], unit: this.unit };
      this.take(await this.lab.ask("draw", asked, arrays, files), question);
    } catch (error) {
      this.shown.refuse(error.message);
    }
    this.asking = false;
    if (this.again) this.askAgain();
  }

  take(answer, question) {
    answer.prepared = !("pixels" in (question.arrays ?? {}));
    if (answer.prepared) this.found = answer.found;
    else if (!question.keeps) this.found = [];
    if (question.laid) this.lay(answer, question);
    this.answer = answer;
    const range = answer.prepared || question.keeps ? [0, 1] : this.range;
    this.shown.show(answer, this.found, this.off.size > 0);
    this.seen.show(answer, range);
    this.units.show(answer, this.off.size > 0);
    this.told.show(answer, this.seen.pixels, range);
  }

  /** From now on ask about what was found in a file, instead of sending it again. */
  lay(answer, question) {
    const inputs = answer.array("inputs");
    const again = answer.empty ? { ...question, laid: false } : { arrays: { pixels: inputs }, keeps: true };
    this.ink.lay(answer.array("stage0"), again);
    if (this.question === question) this.question = again;
  }
}
