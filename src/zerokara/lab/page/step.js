// The tab Step: one update of the weights, from a picture to the new weights, one stage at a time.
TABS.push({ name: "step", build: lab => buildStep(lab) });

function buildStep(lab) {
  const tab = new StepTab(lab);
  return {
    element: tab.element, frame: content => tab.frame(content), shown: visible => tab.shown(visible),
    state: () => tab.state(), restore: fields => tab.restore(fields),
  };
}

/** Which picture, which stage and what is chosen there; Python answers for a network that it holds still. */
class StepTab {
  constructor(lab) {
    Object.assign(this, { lab, stage: null, chosen: null, held: null, renew: false, answer: null, question: null });
    Object.assign(this, { isShown: false, asking: false, again: false, training: null });
    this.picture = new StepPicture(lab, question => this.ask(question));
    this.overview = new StepOverview(lab, stage => this.go(stage));
    this.told = new StepStage(lab, {
      go: stage => this.go(stage), step: by => this.step(by), choose: (axis, index) => this.choose(axis, index),
    });
    this.build();
    this.relink = linkTerms(this.element);
    lab.keyboard.addEventListener("keydown", event => this.pressed(event), { signal: lab.signal });
    lab.on("theme", () => this.answer && this.overview.show(this.answer));
    if (this.picture.ink) takeFiles(lab, this.element, () => this.isShown, file => this.picture.open(file));
  }

  build() {
    const { lab } = this;
    this.heldSince = h("span", {});
    this.newest = h("button", { class: "quiet", onclick: () => this.takeNewest() }, lab.text("step_newest"));
    this.problem = h("p", { class: "problem", role: "status", hidden: true });
    this.notes = h("div", { class: "step-notes" });
    const about = h("p", { class: "step-about small muted" }, this.heldSince, this.newest);
    this.place = h("div", { class: "card step-place" }, this.overview.element);
    this.picture.element.append(about);
    this.sheet = h("div", { class: "step" }, this.picture.element,
      h("div", { class: "step-main" }, this.place, this.problem, this.notes, this.told.element));
    lab.onSize(lab.root, () => this.placeOverview());
    this.element = h("section", { class: "step-frame" }, h("h2", { class: "unseen" }, lab.text("step")), this.sheet);
  }

  /** The overview stays in sight below a lesson, which does too; not where the two would leave no room. */
  placeOverview() {
    const above = this.lab.root.querySelector(":scope > .lesson")?.offsetHeight ?? 0, { style } = this.place;
    style.top = `${above}px`;
    style.position = above > 0.35 * innerHeight ? "static" : "";
  }

  go(stage) {
    this.stage = stage;
    this.speak = true;
    this.ask(this.question);
  }

  step(by) {
    const stages = this.answer?.stages ?? [], next = stages[stages.indexOf(this.stage) + by];
    if (next) this.go(next);
  }

  choose(axis, index) {
    this.chosen = [...(this.chosen ?? this.answer.chosen.map(() => null))];
    this.chosen[axis] = index;
    this.ask(this.question);
  }

  takeNewest() {
    this.renew = true;
    this.ask(this.question);
  }

  /** Arrow keys, unless they mean something where the focus is. */
  pressed(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !this.isShown || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest?.("input, select, textarea, summary, .scroll, [role=application], [role=tab]")) return;
    event.preventDefault();
    this.step(by);
  }

  /** Another training, or one that went back, has another network: what was held is not of it. */
  frame(content) {
    const { training, iteration } = this.lab.state;
    if (content.type === "hello") this.asking = false;
    if (content.type === "hello" || training !== this.training) {
      Object.assign(this, { training, held: null, isFresh: true });
      this.askIfShown();
    }
    this.newest.disabled = !this.answer || iteration === this.answer.iteration;
  }

  shown(visible) {
    this.isShown = visible;
    if (visible && !this.answer) this.ask(this.question);
  }

  /** What is not seen is asked about when it is shown. */
  askIfShown() {
    if (this.isShown) return this.ask(this.question);
    this.answer = null;
    return null;
  }

  ask(question) {
    this.question = question ?? this.picture.question;
    return this.askAgain();
  }

  /** Never more than one question at a time: what changes meanwhile is asked after the answer. */
  async askAgain() {
    this.again = this.asking;
    if (this.asking || !this.question) return;
    this.asking = true;
    const { question } = this, turn = (this.turn = {}), answer = await this.asked(question);
    if (turn !== this.turn) return; // it was asked anew meanwhile
    this.asking = false;
    if (answer) this.take(answer, question);
    if (this.again) this.askAgain();
  }

  async asked({ fields = {}, arrays = {}, files = [] }) {
    const { stage, chosen, held, renew } = this;
    this.renew = false;
    try {
      return await this.lab.ask("one_update", { ...fields, stage, chosen, held, renew }, arrays, files);
    } catch (error) {
      return this.refused(error.message);
    }
  }

  /** Another network may not have the stage that one was at, nor the units. */
  refused(text) {
    if (this.isFresh && (this.stage !== null || this.chosen !== null)) {
      this.stage = this.chosen = null;
      this.again = true;
    } else {
      say(this.problem, text);
      this.problem.hidden = !text;
      this.sheet.classList.toggle("old", Boolean(text));
      this.question = this.picture.question; // the latest that was answered
    }
    return null;
  }

  take(answer, question) {
    this.isFresh = false;
    this.problem.hidden = true;
    this.sheet.classList.remove("old");
    Object.assign(this, { answer, held: answer.held });
    if (!this.again) this.stage = answer.stage;
    this.picture.take(answer, question);
    if (this.question === question) this.question = this.picture.question;
    say(this.heldSince, this.lab.text("step_held", { iteration: count(answer.iteration) }));
    this.newest.disabled = answer.iteration === this.lab.state.iteration;
    this.notes.replaceChildren(...answer.notes.map(note => h("p", { class: "draw-note" }, note)));
    this.overview.show(answer);
    this.overview.follow();
    this.told.show(answer);
    this.relink();
    if (this.speak) this.lab.announce(this.told.says.textContent);
    this.speak = false;
    this.element.dataset.stage = answer.stage;
  }

  /** What is looked at, as far as it is not as at first. */
  state() {
    const { stage, chosen, answer } = this;
    const isWhole = chosen?.every(Number.isInteger);
    return {
      ...this.picture.state(), ...(stage && stage !== "x" ? { stage } : {}),
      ...(chosen ? { chosen: isWhole || !answer ? chosen : answer.chosen } : {}),
    };
  }

  /** Look at what `state` said; {} is as at first. What was asked before has no answer any more. */
  restore({ stage = null, chosen = null, ...picture }) {
    Object.assign(this, { stage, chosen, held: null, isFresh: true, question: null, asking: false, turn: null });
    this.picture.restore(picture);
    this.question = this.picture.question;
    return this.askIfShown();
  }
}
