// The tab Draw: a picture that somebody draws, opens or edits, and what the network makes of it.
TABS.push({ name: "draw", build: lab => buildDraw(lab) });

const ASKED_AGAIN = 300; // milliseconds at least, while the network learns

function buildDraw(lab) {
  if (lab.hello.image_shape.length !== 2) return drawCard("draw_none", null, h("p", {}, lab.text("draw_no_pictures")));
  const tab = new DrawTab(lab);
  return {
    element: tab.element, frame: content => tab.frame(content), shown: visible => tab.shown(visible),
    state: () => tab.state(), restore: fields => tab.restore(fields),
  };
}

/** A card with a title, and what stands beside it. */
function drawCard(name, title, ...children) {
  const head = title && h("header", {}, ...[title].flat());
  return h("section", { class: `card ${name}` }, head, ...children);
}

/**
 * What is asked about is a question {fields, arrays, files}. It may also have `range`, the values of black and white, and
 * of a file that was prepared before `prepared`, the answer with its stages and doubts.
 */
class DrawTab {
  constructor(lab) {
    Object.assign(this, { lab, off: new Map(), unit: null, question: null, answer: null });
    Object.assign(this, { isShown: false, asking: false, again: false, askedAt: -Infinity });
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
    const editing = h("button", { class: "quiet", onclick: () => this.editInput() }, lab.text("draw_edit"));
    this.seen = new Seen(lab, editing);
    this.bars = new Answer(lab, number => this.look(this.answer.layers.length + 1, number));
    this.units = new Units(lab, hooks);
    this.told = new Unit(lab, hooks);
    const turns = h("div", { class: "draw-turns", role: "group", "aria-label": lab.text("draw_what") }, ...Object.values(this.turns));
    const paper = drawCard("draw-paper", turns, this.samples.element, this.pixels.element, this.ink.element);
    const cards = [this.bars, this.seen, this.units, this.told].map(part => part.element);
    cards.splice(3, 0, this.samples.found);
    this.sheet = h("div", { class: "draw" }, paper, ...cards);
    this.element = h("div", { class: "draw-frame" }, this.sheet);
  }

  /** The test sample and its edited pixels, or the drawing; units that are off, and the one that is looked at. */
  async state() {
    const { pixels, samples, unit } = this, off = [...this.off.values()], edits = pixels.edited();
    const isSample = this.turned === "sample" && samples.number !== null, ink = isSample ? "" : await this.ink.inText();
    return {
      ...(isSample ? { sample: samples.number } : {}), ...(isSample && edits.length ? { edits } : {}),
      ...(ink ? { ink } : {}), ...(off.length ? { off } : {}), ...(unit ? { unit } : {}),
    };
  }

  async restore({ sample = null, edits = [], ink = "", off = [], unit = null }) {
    this.off = new Map(off.map(([layer, number]) => [`${layer},${number}`, [layer, number]]));
    this.unit = unit;
    if (sample === null) {
      await this.ink.restore(ink);
      return this.turnTo("ink");
    }
    await this.samples.pick(sample);
    this.pixels.restore(edits);
    this.turnTo("sample");
  }

  /** Draw on paper, or edit a test sample. */
  turnTo(name) {
    const ink = name === "ink";
    this.turned = name;
    for (const [one, button] of Object.entries(this.turns)) button.setAttribute("aria-pressed", one === name);
    this.ink.element.hidden = !ink;
    this.pixels.element.hidden = this.samples.element.hidden = this.samples.found.hidden = ink;
    this.sheet.classList.toggle("sampling", !ink);
    if (ink) this.ask(this.ink.question);
    else if (this.pixels.isLaid) this.ask(this.pixels.question);
    else this.samples.pick(0);
    if (!ink) this.samples.list();
  }

  /** Edit pixels, which are asked as they are. */
  edit(pixels, range) {
    this.pixels.lay(pixels, range);
    this.ask(this.pixels.question);
  }

  /** Edit what the network sees of the drawing. */
  editInput() {
    if (!this.answer) return;
    this.samples.forget();
    this.edit(this.seen.pixels, this.seen.range);
    this.turnTo("sample");
    this.pixels.sheet.canvas.focus();
  }

  /** A picture's file. */
  async open(file) {
    try {
      const { name, bytes } = await sendable(this.lab, file);
      this.turnTo("ink");
      this.ask({ fields: { name }, files: [bytes], isNew: true });
    } catch (error) {
      this.bars.refuse(error.message);
    }
  }

  look(layer, unit) {
    this.unit = [layer, unit];
    this.askAgain();
  }

  toggle(layer, unit) {
    const key = `${layer},${unit}`;
    if (!this.off.delete(key)) this.off.set(key, [layer, unit]);
    this.unit = [layer, unit];
    this.askAgain();
  }

  allOn() {
    this.off.clear();
    this.askAgain();
  }

  /** The network has learned: ask now and then. After a greeting nobody answers what was asked before. */
  frame(content) {
    if (content.type === "hello") this.asking = false;
    const isNew = content.iteration !== undefined && content.iteration !== this.answer?.iteration;
    const isTime = performance.now() > this.askedAt + ASKED_AGAIN;
    if (content.type === "hello" || (this.isShown && isNew && isTime)) this.askAgain();
  }

  shown(visible) {
    this.isShown = visible;
    if (visible) this.askAgain();
  }

  ask(question) {
    this.question = question;
    this.askAgain();
  }

  /** Never more than one question at a time: what changes meanwhile is asked after the answer. */
  async askAgain() {
    this.again = this.asking;
    if (this.asking || !this.question) return;
    this.asking = true;
    this.sheet.setAttribute("aria-busy", "true");
    const { question } = this, turn = (this.turn = {}), answer = await this.asked(question);
    if (turn !== this.turn) return; // it was asked anew meanwhile
    this.asking = false;
    if (this.again) this.askAgain();
    if (answer) this.take(answer, question);
    if (!this.asking) this.sheet.removeAttribute("aria-busy");
  }

  async asked({ fields = {}, arrays = {}, files = [] }) {
    this.askedAt = performance.now();
    try {
      return await this.lab.ask("draw", { ...fields, off: [...this.off.values()], unit: this.unit }, arrays, files);
    } catch (error) {
      this.bars.refuse(error.message);
      return null;
    }
  }

  take(answer, question) {
    if (question.isNew) this.lay(answer, question);
    if (this.isShown && answer.answer !== this.answer?.answer) this.lab.announce(answer.heading);
    this.answer = answer;
    const { prepared = answer, range = [0, 1] } = question;
    this.seen.show(answer, prepared, range);
    this.bars.show(answer, prepared.found, this.off.size > 0);
    this.units.show(answer, this.off.size > 0);
    this.told.show(answer, this.seen.pixels, range);
  }

  /** From now on ask about what was found in a file, instead of sending it again. */
  lay(answer, question) {
    const found = { arrays: { pixels: answer.array("inputs") }, prepared: answer };
    const again = answer.empty ? { ...question, isNew: false } : found;
    this.ink.lay(answer.array("stage0"), again);
    if (this.question === question) this.question = again;
  }
}
