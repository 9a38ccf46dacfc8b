// The picture that an update is made by: a test sample, or a drawing, of which one says what it is.

/** asked(question) is called with another picture: {fields, arrays, files}. */
class StepPicture {
  constructor(lab, asked) {
    Object.assign(this, { lab, asked, number: 0, label: null, turned: "sample", pixels: null });
    const canDraw = lab.hello.image_shape.length === 2;
    this.field = h("input", { type: "number", min: 0, step: 1, value: 0, class: "draw-number" });
    this.field.addEventListener("change", () => this.pick(Number(this.field.value)));
    this.told = h("p", { class: "draw-label" });
    this.samples = h("div", { class: "draw-tools" },
      h("label", {}, lab.text("draw_number"), this.field),
      h("button", { onclick: () => this.pick("random") }, lab.text("draw_random")),
      h("button", { onclick: () => this.pick("misread") }, lab.text("draw_misread")));
    this.ink = canDraw ? new Ink(lab, () => this.asked(this.question), file => this.open(file)) : null;
    this.labels = h("select", { onchange: () => this.name() },
      h("option", { value: "" }, "–"), ...lab.hello.class_names.map((name, k) => h("option", { value: k }, name)));
    this.labelled = h("label", {}, lab.text("step_label"), this.labels);
    this.drawing = h("div", { class: "step-drawing", hidden: true }, this.labelled, this.ink?.element);
    this.answered = h("p", { class: "small muted" });
    this.turns = Object.fromEntries(["sample", "ink"].map(name =>
      [name, h("button", { "aria-pressed": String(name === "sample"), onclick: () => this.turnTo(name) }, lab.text(`draw_${name}`))]));
    const turns = h("div", { class: "draw-turns", role: "group", "aria-label": lab.text("draw_what") }, ...Object.values(this.turns));
    this.element = h("section", { class: "card step-picture" },
      h("header", {}, h("h2", {}, lab.text("step_picture")), canDraw && turns), this.samples, this.told, this.drawing, this.answered);
  }

  /** What is asked about. */
  get question() {
    if (this.turned === "sample") return { fields: { which: this.number } };
    const { arrays, files, fields } = this.ink.question;
    return { fields: { ...fields, label: this.label }, arrays, files };
  }

  /** A test sample: a number, "random" or "misread". */
  pick(which) {
    this.asked({ fields: { which, after: this.number ?? -1 } });
  }

  turnTo(name) {
    this.show(name);
    this.asked(this.question);
  }

  show(name) {
    this.turned = name;
    for (const [one, button] of Object.entries(this.turns)) button.setAttribute("aria-pressed", one === name);
    this.samples.hidden = this.told.hidden = name === "ink";
    this.drawing.hidden = name === "sample";
  }

  name() {
    this.label = this.labels.value === "" ? null : Number(this.labels.value);
    this.asked(this.question);
  }

  /** A picture's file. */
  async open(file) {
    try {
      const { name, bytes } = await sendable(this.lab, file);
      this.show("ink");
      this.asked({ fields: { name, label: this.label }, arrays: {}, files: [bytes], isNew: true });
    } catch (error) {
      this.lab.complain(error.message);
    }
  }

  /** What was answered: which sample it was, or what was found in a file, which is asked about from now on. */
  take(answer, question) {
    this.pixels = answer.array("x");
    if (answer.number !== null) {
      this.number = answer.number;
      this.field.value = answer.number;
      this.field.max = answer.last;
      say(this.told, this.lab.text("draw_label", { label: answer.name }));
    } else if (question.isNew) this.lay(answer.array("x"));
    say(this.answered, answer.answer ? this.lab.text("step_answer", answer) : "");
  }

  /** Pixels (rows, columns) as the network gets them, from 0 to 1. */
  lay(pixels) {
    const picture = Object.assign(Uint8Array.from(pixels, level => Math.round(255 * level)), { shape: pixels.shape });
    this.ink.lay(picture, { arrays: { pixels: Object.assign(Float32Array.from(pixels), { shape: pixels.shape }) } });
  }

  /** What `restore` takes: the number of a sample, or the pixels of a drawing where they are few, and its label. */
  state() {
    if (this.turned === "sample") return this.number ? { sample: this.number } : {};
    if (!this.pixels || this.pixels.length > MOST_KEPT) return {};
    const levels = Array.from(this.pixels, level => Math.max(0, Math.min(255, Math.round(255 * level))));
    return { ...(this.label === null ? {} : { label: this.label }), drawing: btoa(String.fromCharCode(...levels)) };
  }

  restore({ sample = 0, label = null, drawing = null }) {
    this.label = label;
    this.labels.value = label ?? "";
    this.number = sample;
    if (drawing === null || !this.ink) return this.show("sample");
    const [rows, columns] = this.lab.hello.image_shape, levels = Uint8Array.from(atob(drawing), letter => letter.charCodeAt(0));
    if (levels.length !== rows * columns) return this.show("sample");
    this.pixels = Object.assign(Float32Array.from(levels, level => level / 255), { shape: [rows, columns] });
    this.lay(this.pixels);
    this.show("ink");
  }
}

const MOST_KEPT = 3000; // pixels: 4 kB as letters
