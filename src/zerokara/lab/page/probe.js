// The tab Probe: one weight of the network, the loss along it, its slope, and the loss over it and another one.

/** Milliseconds between two looks at a network that is being trained: the numbers, and what costs more. */
const PROBE_EVERY = 1000, PROBE_MORE_EVERY = 3000;

/** What is asked at first. */
const PROBE_FIRST = { h: 1e-4, precision: "float64", samples: null, range: "adaptive", over: "adaptive", at: null };

TABS.push({ name: "probe", build: buildProbe });

function buildProbe(lab) {
  const probe = new Probe(lab);
  return {
    element: probe.element, frame: message => probe.frame(message), shown: visible => probe.shown(visible),
    state: () => probe.state(), restore: fields => probe.restore(fields),
  };
}

/** What is asked of Python for this tab, and where the answers go. */
class Probe {
  constructor(lab) {
    this.lab = lab;
    this.weight = {};
    this.other = {};
    this.asked = { ...PROBE_FIRST };
    this.held = this.next = null;
    this.fresh = new Set();
    this.looked = this.lookedAtAll = -Infinity;
    this.visible = this.hold = false;
    this.turn = 0;
    this.asking = Object.fromEntries(["probe", "probe_curve", "probe_errors", "probe_surface"].map(type =>
      [type, newestOnly(lab, type, (asked, answer, text) => this.answered(type, asked, answer, text))]));
    this.build();
  }

  build() {
    const { lab } = this;
    this.pick = probePick(lab, {
      pick: (which, weight) => this.picked(which, weight),
      samples: samples => this.renew({ samples }),
      hold: on => {
        this.hold = on;
        this.look();
      },
    });
    this.along = probeCurve(lab, {
      move: at => this.move(at), putBack: () => this.putBack(), range: range => this.change({ range }, "probe_curve"),
    });
    this.slopes = probeSlopes(lab, {
      step: step => this.choose({ h: step }, "probe", ...(this.asked.range === "step" ? ["probe_curve"] : [])),
      precision: precision => this.choose({ precision }, "probe", "probe_curve", "probe_errors"),
    });
    this.over = probeSurface(lab, { range: over => this.change({ over }, "probe_surface") });
    this.problem = h("p", { class: "problem", role: "status", hidden: true });
    this.element = h("section", { class: "tab probe" }, this.problem,
      h("div", { class: "cards" }, ...[this.pick, this.along, this.slopes, this.over].map(card => card.element)));
  }

  /** What every question says. A turn begins when all is asked anew: answers of earlier ones come too late. */
  fields(type) {
    const { h: step, precision, samples, range, over, at } = this.asked;
    const about = { ...this.weight, held: this.held, samples, precision, at, turn: this.turn };
    if (type === "probe") return { ...about, h: step, renew: this.next !== null && !this.hold };
    if (type === "probe_curve") return { ...about, h: step, range };
    if (type === "probe_surface") return { ...about, range: over, other: this.other };
    return about;
  }

  /** Ask with other values; what somebody has chosen is answered aloud too. */
  choose(asked, ...types) {
    this.speak = true;
    this.change(asked, ...types);
  }

  change(asked, ...types) {
    Object.assign(this.asked, asked);
    for (const type of types) this.asking[type](() => this.fields(type));
  }

  picked(which, weight) {
    if (which === "second") {
      this.other = weight;
      this.change({}, "probe_surface");
      return;
    }
    this.weight = weight;
    this.speak = true;
    if (weight.index && weightName(weight) === (this.other.index && weightName(this.other))) this.other = {};
    this.renew({ at: null });
  }

  /** Have the weight somewhere else, on a copy; what costs more waits until it rests. */
  move(at) {
    this.choose({ at }, "probe");
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.change({}, "probe_errors", ...(this.asked.range === "step" ? ["probe_curve"] : []));
    }, 200);
  }

  putBack() {
    this.move(null);
    this.look();
  }

  /** Ask all anew: first for the numbers, which say which network the rest is asked about. */
  renew(asked = {}, more = ["probe_curve", "probe_errors", "probe_surface"]) {
    this.next = more;
    this.turn++;
    this.change(asked, "probe");
  }

  answered(type, asked, answer, text) {
    if (asked.turn !== this.turn) return;
    if (!answer) {
      this.refused(type, text);
      return;
    }
    this.fresh.delete(type);
    this.problem.hidden = true;
    delete this.element.dataset.problem;
    if (type === "probe") this.probed(answer);
    else if (type === "probe_curve") this.along.curve(answer);
    else if (type === "probe_errors") this.slopes.errors(answer);
    else if (asked.other === this.other) { // otherwise another one has been picked meanwhile
      this.other = answer.other;
      this.pick.surface(answer);
      this.over.surface(answer);
    }
  }

  probed(answer) {
    this.held = answer.held;
    this.iteration = answer.iteration;
    this.weight = { parameter: answer.parameter, index: answer.index };
    if (this.speak) this.lab.announce(answer.remark);
    this.speak = false;
    for (const part of [this.pick, this.along, this.slopes]) part.probed(answer);
    if (this.next) this.change({}, ...this.next);
    this.next = null;
    this.element.dataset.asked = answer.held;
  }

  /** Another network may not have the weights that were looked at: then the steepest are. */
  refused(type, text) {
    if (this.fresh.has(type)) {
      this.fresh.delete(type);
      this.other = {};
      if (type === "probe") this.weight = {};
      if (type === "probe") this.renew({ at: null, samples: null });
      else this.change({}, type);
      return;
    }
    say(this.problem, text);
    this.problem.hidden = false;
    this.element.dataset.problem = "";
  }

  frame(message) {
    const weights = message.array("W1"), { training } = this.lab.state;
    if (weights) this.weights = [weights, message.W1?.step ?? 1];
    if (message.type === "hello" || training !== this.training) {
      Object.assign(this, { training, fresh: new Set(["probe", "probe_surface"]), held: null, iteration: null, looked: -Infinity });
      this.asked.at = null;
    }
    if (this.visible) this.look();
  }

  shown(visible) {
    this.visible = visible;
    if (visible) this.look();
  }

  /** The weight, the other one where it has been chosen or shown, and what differs from how it is at first. */
  state() {
    const asked = Object.entries(this.asked).filter(([name, value]) => value !== PROBE_FIRST[name]);
    const { parameter, index } = this.weight, other = this.other;
    return {
      ...(index ? { parameter, index } : {}), ...(other.index ? { other: other.parameter, other_index: other.index } : {}),
      ...Object.fromEntries(asked),
    };
  }

  restore({ parameter, index, other, other_index: otherIndex, ...asked }) {
    this.weight = parameter ? { parameter, index } : {};
    this.other = other ? { parameter: other, index: otherIndex } : {};
    Object.assign(this.asked, PROBE_FIRST, asked);
    this.hold = false;
    this.pick.hold(false);
    this.along.range(this.asked.range);
    this.slopes.precision(this.asked.precision);
    this.over.range(this.asked.over);
    Object.assign(this, { held: null, iteration: null, looked: -Infinity, lookedAtAll: -Infinity });
    clearTimeout(this.resting);
    this.turn++;
    if (this.visible) this.look();
  }

  /** Go along with the training, unless somebody holds the network still or has moved a weight. */
  look() {
    const now = performance.now(), newer = this.lab.state.iteration !== this.iteration;
    const still = this.iteration != null && (this.hold || this.asked.at !== null);
    if (this.weights && !still) {
      this.pick.pictures(...this.weights);
      this.weights = null;
    }
    if (still || !newer || this.later) return;
    if (now < this.looked + PROBE_EVERY) {
      this.later = setTimeout(() => this.lookAgain(), this.looked + PROBE_EVERY - now);
      return;
    }
    this.looked = now;
    const all = now > this.lookedAtAll + PROBE_MORE_EVERY || this.lab.state.state !== "running";
    if (all) this.lookedAtAll = now;
    this.renew({}, all ? undefined : ["probe_curve"]);
  }

  lookAgain() {
    this.later = 0;
    if (this.visible && !this.lab.signal.aborted) this.look();
  }
}

/** Asks with the newest fields only: a question that comes while an answer is awaited replaces the one that waits. */
function newestOnly(lab, type, take) {
  let busy = false, next = null;
  return async fields => {
    next = fields;
    if (busy) return;
    busy = true;
    try {
      while (next) {
        const asked = next();
        next = null;
        const [answer, text] = await lab.ask(type, asked).then(answer => [answer], error => [null, error.message]);
        take(asked, answer, text);
      }
    } finally {
      busy = false;
    }
  };
}
