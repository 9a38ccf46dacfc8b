// Lessons: a strip above the tabs that asks for a prediction, shows what comes, and keeps both in sight.

/**
 * The strip of a view: its `element`, which stays while everything below is built anew.
 *
 * A lesson is {name, title, steps}, begun at the step `at`, with a `record` of each step: {step, predicted, came, values}.
 * One that was left is `kept` while the view lasts. Whatever is awaited ends as soon as one goes elsewhere: `turn`.
 */
class Lessons {
  constructor(view) {
    Object.assign(this, { view, lab: view.lab, lesson: null, kept: new Map(), turn: new AbortController() });
    this.body = h("div", { class: "lesson-body" });
    this.problem = h("p", { class: "problem", role: "status", hidden: true });
    this.element = h("section", { class: "lesson", hidden: true, onkeydown: event => event.stopPropagation() });
    this.button = null;
    const { signal } = this.lab.ending;
    this.lab.addEventListener("frame", () => this.watch(), { signal });
    if (!view.shared) addEventListener("hashchange", () => this.follow(), { signal });
  }

  /** The button in the head; it is built anew with the head. */
  opener() {
    this.button = h("button", { class: "quiet", "aria-expanded": !this.element.hidden,
      onclick: () => (this.element.hidden ? this.choose() : this.leave()) }, this.lab.text("lessons"));
    return this.button;
  }

  /** What the address asks for: #lesson=NAME. */
  follow() {
    const name = new URLSearchParams(location.hash.slice(1)).get("lesson");
    if (name && name !== this.lesson?.name) this.begin(name);
  }

  /** Have the address say which lesson this is, so that it can be given to a class. */
  tellAddress(name) {
    if (this.view.shared) return;
    const hash = name ? `#lesson=${encodeURIComponent(name)}` : "";
    history.replaceState(null, "", location.pathname + location.search + hash);
  }

  /** Nothing that was awaited comes any more. */
  anew() {
    this.turn.abort();
    this.turn = new AbortController();
    this.say("");
    return this.turn.signal;
  }

  say(text) {
    say(this.problem, text);
    this.problem.hidden = !text;
  }

  /** Ask Python; null where it refused, which is said, or where one has gone elsewhere meanwhile. */
  async ask(type, fields = {}) {
    const { signal } = this.turn;
    try {
      const answer = await this.lab.ask(type, fields);
      return signal.aborted ? null : answer;
    } catch (error) {
      if (!signal.aborted) this.say(error.message);
      return null;
    }
  }

  /** The list of lessons. */
  async choose() {
    this.keep();
    this.anew();
    this.open();
    this.tellAddress("");
    const answer = await this.ask("lessons");
    if (answer) this.show(lessonList(this.lab, answer.lessons, this.kept, name => this.begin(name)));
  }

  open() {
    this.element.hidden = false;
    this.button?.setAttribute("aria-expanded", true);
  }

  /** Close the strip. One can come back to the step. */
  leave() {
    this.keep();
    this.anew();
    this.element.hidden = true;
    this.element.replaceChildren();
    this.tellAddress("");
    this.button.setAttribute("aria-expanded", false);
    this.button.focus();
  }

  keep() {
    if (this.lesson) this.kept.set(this.lesson.name, { at: this.lesson.at, record: this.lesson.record });
    if (this.lesson?.at === this.lesson?.steps.length) this.kept.delete(this.lesson?.name);
    this.lesson = null;
  }

  /** Begin a lesson, or go on with it where it was left. */
  async begin(name) {
    this.keep();
    this.anew();
    this.open();
    const answer = await this.ask("lesson", { name });
    if (!answer) return this.element.replaceChildren(this.problem);
    this.lesson = { ...answer, at: 0, record: [], ...this.kept.get(name) };
    this.tellAddress(name);
    await this.enter();
  }

  again() {
    this.kept.delete(this.lesson.name);
    Object.assign(this.lesson, { at: 0, record: [] });
    this.enter();
  }

  /** The step that one is at; what was known of it is asked anew. */
  async enter() {
    const { lesson } = this, step = lesson.steps[lesson.at];
    this.anew();
    lesson.record.length = Math.min(lesson.record.length, lesson.at);
    if (!step) return this.frame(lessonEnd(this.lab, () => this.again(), () => this.choose(), () => this.leave()));
    if (step.begin && !(await this.go(step, null))) return;
    this.frame(lessonStep(this.lab, step, prediction => this.predicted(step, prediction)));
  }

  /** Go to the state of a step; whether one is there. */
  async go(step, prediction) {
    const { signal } = this.turn, { lab, view } = this;
    const there = await this.ask("lesson_show", { ...this.here(step), prediction });
    if (!there) return false;
    const way = h("p", { class: "lesson-way" });
    const told = () => {
      if (!way.isConnected) this.frame([h("h3", { tabindex: -1 }, lab.text("lesson_step", this.place())), way]);
      say(way, onTheWay(lab, there));
    };
    try {
      return await arrive(view, there, told, signal);
    } catch (error) {
      this.say(error.message);
      return false;
    }
  }

  here(step) {
    return { name: this.lesson.name, step: step.name, fields: chosenIn(this.view) };
  }

  place() {
    return { n: this.lesson.at + 1, all: this.lesson.steps.length };
  }

  /** Somebody has said what will happen, {name, text}, or only wants to go on: see it, or do it. */
  async predicted(step, prediction) {
    this.anew();
    this.lesson.record[this.lesson.at] = { step: step.name, predicted: prediction, values: {} };
    if (step.shows && !step.begin && !(await this.go(step, prediction?.name ?? null))) return;
    if (!step.doing) return this.measured(await this.measure(step), true);
    this.frame(lessonAct(this.lab, step));
    this.measured(await this.done(step), false);
  }

  /** What is measured now, and whether what was to be done is done. */
  measure(step) {
    const { record } = this.lesson, earlier = record.slice(0, this.lesson.at);
    const before = Object.fromEntries(earlier.map(({ step: name, values }) => [name, values]));
    const prediction = record[this.lesson.at].predicted?.name ?? null;
    return this.ask("lesson_measure", { ...this.here(step), prediction, before });
  }

  /** Wait until what is to be done in the lab has been done, and rests; then what is measured. */
  async done(step) {
    const { signal } = this.turn;
    let asked = "", answer = null;
    while (!signal.aborted) {
      await nextFrame(this.lab, signal);
      const chosen = JSON.stringify(chosenIn(this.view));
      if (answer?.done && chosen === asked) return answer;
      asked = chosen;
      answer = await this.measure(step);
      this.say("");
    }
    return null;
  }

  /** What came: it is shown, and read out; the focus goes there unless somebody is busy in the lab. */
  measured(answer, focus) {
    if (!answer) return;
    const { lesson, lab } = this;
    Object.assign(lesson.record[lesson.at], { values: answer.values, came: answer.came_text ?? "", name: answer.came });
    if (!answer.text) return this.next();
    if (!focus) lab.announce(`${lab.text("lesson_came")}: ${answer.text}`);
    this.frame(lessonCame(lab, answer, () => this.next()), focus);
  }

  next() {
    this.lesson.at++;
    this.enter();
  }

  /** What a lesson shows at a moment, with its title, where one is, and what was predicted so far. */
  frame(parts, focus = true) {
    const { lab, lesson } = this;
    const head = h("header", {}, h("h2", {}, lesson.title),
      lesson.at < lesson.steps.length && h("span", { class: "muted number" }, lab.text("lesson_step", this.place())),
      this.folder(), h("button", { class: "quiet", onclick: () => this.leave() }, lab.text("lesson_leave")));
    this.body.replaceChildren(h("div", { class: "lesson-now" }, ...parts.filter(Boolean), this.problem), lessonRecord(lab, lesson));
    this.element.setAttribute("aria-label", lesson.title);
    this.element.replaceChildren(head, this.watching(), this.body);
    if (focus) this.element.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
    if (focus) this.element.scrollIntoView({ block: "nearest" });
  }

  show(parts) {
    this.body.replaceChildren(...parts, this.problem);
    this.body.hidden = false;
    this.element.setAttribute("aria-label", this.lab.text("lessons"));
    this.element.replaceChildren(this.watching(), this.body);
    this.element.querySelector("[tabindex='-1']").focus();
  }

  /** A button that leaves only the title to be seen, so that there is room for the lab. */
  folder() {
    const { lab } = this, fold = h("button", { class: "quiet", "aria-expanded": true, onclick: () => {
      this.body.hidden = !this.body.hidden;
      fold.setAttribute("aria-expanded", !this.body.hidden);
      say(fold, lab.text(this.body.hidden ? "lesson_unfold" : "lesson_fold"));
    } }, lab.text("lesson_fold"));
    this.body.hidden = false;
    return fold;
  }

  /** Said where another page steers: lessons change the training. */
  watching() {
    this.watched = h("p", { class: "watching", hidden: this.lab.state.steering !== false }, this.lab.text("watching"), " ",
      h("button", { onclick: () => this.lab.request("steer") }, this.lab.text("take_over")));
    return this.watched;
  }

  watch() {
    if (this.watched) this.watched.hidden = this.lab.state.steering !== false;
  }
}
