// Lessons: a strip above the tabs that asks for a prediction, shows what comes, and keeps both in sight.

/** Milliseconds between two looks at whether the learner has done what a step asks for. */
const LESSON_EVERY = 400;

/**
 * The strip of a view; its `element` stays while everything below is built anew.
 *
 * A lesson {name, title, all: its number of steps} is at step number `at`, and has a `record` of each step before:
 * {step, predicted, came, right, values}. One that was left is `kept` while the view lasts. What is awaited ends as soon
 * as one goes elsewhere: each turn has a signal. `zerokara.lab.lesson_messages` has what is asked.
 */
class Lessons {
  constructor(view) {
    Object.assign(this, { view, lab: view.lab, lesson: null, kept: new Map(), turn: new AbortController(), problem: "" });
    this.element = h("section", { class: "lesson", hidden: true, onkeydown: event => event.stopPropagation() });
    const { signal } = this.lab.ending;
    this.lab.addEventListener("frame", () => this.watch(), { signal });
    signal.addEventListener("abort", () => this.turn.abort());
    if (!view.shared) addEventListener("hashchange", () => this.follow(), { signal });
  }

  /** The button in the head; it is built anew with the head. */
  opener() {
    this.button = h("button", { class: "quiet lessons", "aria-expanded": !this.element.hidden,
      onclick: () => (this.element.hidden ? this.choose() : this.leave()) }, this.lab.text("lessons"));
    return this.button;
  }

  /** Begin the lesson that the address asks for: #lesson=NAME. */
  follow() {
    if (this.view.shared || !this.lab.hello?.steerable) return;
    const name = new URLSearchParams(location.hash.slice(1)).get("lesson");
    if (name && name !== this.lesson?.name) this.begin(name);
  }

  /** Have the address say which lesson this is, so that it can be given to a class. */
  tellAddress(name) {
    if (this.view.shared) return;
    const hash = name ? `#lesson=${encodeURIComponent(name)}` : "";
    history.replaceState(null, "", location.pathname + location.search + hash);
  }

  /** From now on nothing that was awaited comes. */
  anew() {
    this.turn.abort();
    this.turn = new AbortController();
    return this.turn.signal;
  }

  /** Ask Python; null where one has gone elsewhere meanwhile. What it refuses is said, with a way to ask again. */
  async ask(type, fields, again) {
    const { signal } = this.turn;
    try {
      const answer = await this.lab.ask(type, fields);
      return signal.aborted ? null : answer;
    } catch (error) {
      if (!signal.aborted) this.stuck(error.message, again);
      return null;
    }
  }

  /** The list of lessons. */
  async choose() {
    this.put(false);
    const answer = await this.ask("lessons", {}, () => this.choose());
    if (answer) this.show(lessonList(this.lab, answer, this.kept, name => this.begin(name)));
  }

  /** Begin a lesson, or go on with it where it was left. */
  async begin(name) {
    this.put(false);
    const answer = await this.ask("lesson", { lesson: name }, () => this.choose());
    if (!answer) return;
    this.lesson = { name, title: answer.title, all: answer.steps.length, at: 0, record: [], ...this.kept.get(name) };
    this.tellAddress(name);
    await this.enter();
  }

  again() {
    Object.assign(this.lesson, { at: 0, record: [] });
    this.enter();
  }

  /** Put a lesson away, unless it is over, so that one can come back to its step; and close the strip or not. */
  put(closed) {
    this.anew();
    if (this.lesson) {
      const { name, at, all, record } = this.lesson;
      if (at < all) this.kept.set(name, { at, record });
      else this.kept.delete(name);
    }
    this.lesson = null;
    this.tellAddress("");
    this.element.hidden = closed;
    this.button.setAttribute("aria-expanded", !closed);
  }

  leave() {
    this.put(true);
    this.element.replaceChildren();
    this.button.focus();
  }

  /** What is said of every step: which it is, and what was measured in those before. */
  about() {
    const { name, at, record } = this.lesson, earlier = record.slice(0, at);
    return { lesson: name, step: at, before: Object.fromEntries(earlier.map(({ step, values }) => [step, values])) };
  }

  /** The step that one is at, from its beginning; what was predicted in it before is forgotten. */
  async enter() {
    const { lesson, lab } = this;
    this.anew();
    lesson.record.length = Math.min(lesson.record.length, lesson.at);
    if (lesson.at === lesson.all) {
      return this.show(lessonEnd(lab, () => this.again(), () => this.choose(), () => this.leave()));
    }
    const step = await this.gone("lesson_step");
    if (!step) return;
    const go = prediction => this.predicted(step, prediction);
    if (step.action && !step.predict && !step.shows) this.predicted(step, null);
    else this.show(lessonStep(lab, step, go));
  }

  /** Have the lab go to a state, once it is agreed to; the answer as soon as the lab is there, or null. */
  async gone(type, confirmed = false) {
    const { signal } = this.turn, again = () => this.enter();
    const answer = await this.ask(type, { ...this.about(), confirmed }, again);
    if (!answer) return null;
    if (answer.ask) {
      await this.agreed(answer.ask, signal);
      return signal.aborted ? null : this.gone(type, true);
    }
    try {
      return (await this.arrived(answer, signal)) ? answer : null;
    } catch (error) {
      if (!signal.aborted) this.stuck(error.message, again);
      return null;
    }
  }

  /** Show a sentence that asks, and wait until somebody agrees. */
  agreed(question, signal) {
    return new Promise(agree => {
      this.show(lessonQuestion(this.lab, question, agree, () => this.leave()));
      signal.addEventListener("abort", agree);
    });
  }

  async arrived({ where, overlay }, signal) {
    const { lab, view } = this, way = h("p", { class: "lesson-way", tabindex: -1 });
    const isThere = await arrive(view, where, () => {
      say(way, onTheWay(lab, where));
      if (!way.isConnected) this.show([way]);
    }, signal);
    if (isThere && where) view.lab.root.scrollIntoView({ block: "start" });
    if (isThere && overlay) await view.tabs.find(tab => tab.name === "train")?.overlay(overlay);
    return isThere;
  }

  /** Somebody has predicted, {value, text}, or only wants to go on: have it seen or done, and say what came. */
  async predicted(step, prediction) {
    const { lesson } = this, signal = this.anew();
    lesson.record[lesson.at] = { step: step.name, values: {}, predicted: prediction?.text ?? "", came: "…" };
    if (step.shows && !(await this.gone("lesson_show"))) return;
    const answer = await this.done(step, prediction?.value ?? null, signal);
    if (!answer) return;
    const { values, text, predicted, came, right } = answer;
    Object.assign(lesson.record[lesson.at], { values, predicted, came, right });
    if (!text) return this.next();
    if (step.action) this.lab.announce([this.lab.text("lesson_came"), text].join("\n"), { first: true });
    this.show(lessonCame(this.lab, text, () => this.next()), "came", !step.action); // who does something keeps the focus
  }

  /** Wait until what is to be done in the lab has been done, and rests; what was measured then, or null. */
  async done(step, prediction, signal) {
    let start = null, asked = "", answer = null;
    while (!signal.aborted) {
      const fields = await chosenIn(this.view), chosen = JSON.stringify(fields);
      const rests = chosen === asked && !this.lab.root.matches(":active"); // nobody holds a slider down
      if (answer?.done && (!step.action || rests)) return answer;
      asked = chosen;
      answer = await this.ask("lesson_measure", { ...this.about(), start, prediction, fields }, () => this.enter());
      if (!answer) return null;
      if (step.action && start === null && answer.start) this.show(lessonAct(this.lab, step), "act"); // known: what was before
      ({ start } = answer);
      if (!answer.done || step.action) await pause(LESSON_EVERY, signal);
    }
    return null;
  }

  next() {
    this.lesson.at++;
    this.enter();
  }

  /** Something could not be done. */
  stuck(text, again) {
    const key = this.lesson ? "lesson_retry" : "lesson_others";
    this.show(lessonStuck(text, h("button", { onclick: again }, this.lab.text(key))));
  }

  /** What is seen of a lesson at a moment, with its title, where one is, and what was predicted so far. */
  show(parts, phase = "", focus = true) {
    const { lab, lesson } = this, now = h("div", { class: "lesson-now" }, ...parts.filter(Boolean));
    this.body = h("div", { class: "lesson-body" }, now, lesson && lessonRecord(lab, lesson.record));
    this.watching = h("p", { class: "watching" }, lab.text("watching"), " ",
      h("button", { onclick: () => lab.request("steer") }, lab.text("take_over")));
    this.element.dataset.phase = phase;
    this.element.setAttribute("aria-label", lesson?.title ?? lab.text("lessons"));
    this.element.replaceChildren(this.head(), this.watching, this.body);
    this.watch();
    this.element.scrollIntoView({ block: "nearest" }); // in a notebook it is not always in sight
    if (focus) this.element.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
  }

  head() {
    const { lab, lesson } = this, where = lesson && lesson.at < lesson.all && { n: lesson.at + 1, all: lesson.all };
    const button = (key, onclick, more) => h("button", { class: "quiet", onclick, ...more }, lab.text(key));
    const fold = button("lesson_fold", () => {
      this.body.hidden = !this.body.hidden;
      fold.setAttribute("aria-expanded", !this.body.hidden);
      say(fold, lab.text(this.body.hidden ? "lesson_unfold" : "lesson_fold"));
    }, { "aria-expanded": true });
    return h("header", {}, h("h2", {}, lesson?.title ?? lab.text("lessons")),
      where && h("span", { class: "muted number" }, lab.text("lesson_step", where)),
      lesson && button("lesson_others", () => this.choose()), fold, button("lesson_leave", () => this.leave()));
  }

  /** Lessons change the training: where another page steers, that is said. */
  watch() {
    if (this.watching) this.watching.hidden = this.lab.state.steering !== false;
  }
}
