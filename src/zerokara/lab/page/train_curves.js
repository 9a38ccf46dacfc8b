// The tab Train: losses and accuracies, and earlier runs beside them.

const OTHERS = ["violet", "teal", "olive", "orange", "green"];

/** What was told about a training so far: pieces of curves, put together. */
class Curves {
  constructor() {
    this.forget(null);
  }

  forget(training) {
    Object.assign(this, { training, width: 1, starts: [], low: [], mean: [], high: [], smoothed: [] });
    Object.assign(this, { iterations: [], trainAccuracy: [], testAccuracy: [], evaluationLoss: [] });
    this.newLosses = this.newEvaluations = true;
  }

  /** Take the pieces of a frame. */
  take(content) {
    if (content.training !== undefined && content.training !== this.training) this.forget(content.training);
    const losses = content.array("losses"), evaluations = content.array("evaluations");
    if (losses) this.takeLosses(content.losses, losses, content.array("smoothed"));
    if (evaluations) this.takeEvaluations(content.evaluations, evaluations);
    this.newLosses ||= Boolean(losses);
    this.newEvaluations ||= Boolean(evaluations);
  }

  takeLosses({ offset, width }, numbers, smoothed) {
    this.width = width;
    for (const column of ["starts", "low", "mean", "high", "smoothed"]) this[column].length = offset;
    for (let k = 0; k < numbers.shape[0]; k++) {
      this.starts.push((offset + k) * width);
      this.low.push(drawable(numbers[3 * k]));
      this.mean.push(drawable(numbers[3 * k + 1]));
      this.high.push(drawable(numbers[3 * k + 2]));
      this.smoothed.push(drawable(smoothed[k]));
    }
  }

  takeEvaluations({ offset }, numbers) {
    const columns = ["iterations", "evaluationLoss", "trainAccuracy", "testAccuracy"];
    for (const column of columns) this[column].length = offset;
    for (let k = 0; k < numbers.shape[0]; k++) {
      columns.forEach((column, c) => this[column].push(drawable(numbers[4 * k + c])));
    }
  }
}

/** A curve has a gap where there is no number. */
function drawable(number) {
  return Number.isFinite(number) ? number : null;
}

/** The two charts: `take(content)` pieces of a frame, `paint(state)`, `others(runs)` beside them, `onPick(f)`. */
function trainingCurves(lab) {
  const curves = new Curves();
  let picked = () => {}, marked = "";
  const loss = lossChart(lab, update => picked(update)), accuracy = accuracyChart(lab, update => picked(update));
  const log = switchButton({}, lab.text("log_scale"), loss.log);
  const smoothed = one => ({ ...one, xs: one.curves.starts, ys: one.curves.smoothed });
  const tested = one => ({ ...one, xs: one.curves.iterations, ys: one.curves.testAccuracy });
  return {
    log,
    elements: [card("loss", lab.text("loss_title"), log.element, loss.element),
      card("accuracy", lab.text("accuracy"), [], accuracy.element)],
    take: content => curves.take(content),
    onPick: f => { picked = f; },
    others(runs) {
      loss.others(runs.map(smoothed));
      accuracy.others(runs.map(tested));
    },
    paint({ changes = [], parent }) {
      const places = [...changes.map(({ iteration }) => ({ x: iteration })),
        ...(parent ? [{ x: parent.iteration, colour: "green", dash: [2, 2] }] : [])];
      if (JSON.stringify(places) !== marked) {
        marked = JSON.stringify(places);
        loss.marks(places);
        accuracy.marks(places);
      }
      if (curves.newLosses) {
        loss.rename(2, curves.width === 1 ? lab.text("each_update") : lab.text("mean_of", { n: count(curves.width) }));
        loss.show([curves.starts, curves.high, curves.low, curves.mean, curves.smoothed]);
      }
      if (curves.newEvaluations) accuracy.show([curves.iterations, curves.trainAccuracy, curves.testAccuracy]);
      curves.newLosses = curves.newEvaluations = false;
    },
  };
}

function lossChart(lab, pick) {
  return chart(lab, {
    label: lab.text("loss_title"), pick,
    x: { label: lab.text("update"), whole: true }, y: { format: x => short(x, 4) },
    series: [
      { label: lab.text("largest"), colour: "band", width: 1, quiet: true },
      { label: lab.text("smallest"), colour: "band", width: 1, quiet: true },
      { label: lab.text("each_update"), colour: "band", width: 1 },
      { label: lab.text("smoothed"), colour: "blue", width: 2.5 },
    ],
    bands: [{ series: [1, 2], colour: "band" }],
  });
}

function accuracyChart(lab, pick) {
  return chart(lab, {
    label: lab.text("accuracy"), x: { label: lab.text("update"), whole: true }, pick,
    y: { format: accuracyShown, axis: x => percent(x, x > 0.9 && x < 1 ? 1 : 0), range: accuracyRange },
    series: [
      { label: lab.text("training_samples"), colour: "orange", width: 2, dash: [6, 4], points: true },
      { label: lab.text("test_samples"), colour: "green", width: 2.5, points: true },
    ],
  });
}

/** From a little below the lowest to 100 %. */
function accuracyRange(low) {
  return [Math.max(0, Math.min(low, 0.95) - 0.02), 1];
}

/** The list of earlier runs, whose curves can be laid beside this one's. */
function earlierRuns(lab, curves) {
  const list = h("ul", { class: "runs" }), none = h("p", { class: "muted small" }, lab.text("no_runs"));
  const chosenRuns = new Map();
  const colours = new Set();
  const element = card("earlier", lab.text("earlier_runs"), [], list, none);
  let asked = Symbol("never");

  async function toggle(run, box, key) {
    if (!box.checked) {
      colours.delete(chosenRuns.get(run)?.colour);
      chosenRuns.delete(run);
    } else if (!(await fetched(run))) return void (box.checked = false);
    key.style.setProperty("--colour", `var(--${chosenRuns.get(run)?.colour ?? "line"})`);
    curves.others([...chosenRuns.values()]);
  }

  async function fetched(run) {
    const answer = await lab.request("overlay", { run });
    if (answer && !chosenRuns.has(run)) chosenRuns.set(run, { colour: freeColour(colours), curves: overlaid(answer) });
    return answer;
  }

  async function refresh() {
    const answer = await lab.request("runs");
    if (!answer) return;
    const others = answer.runs.filter(run => run.name !== lab.state.run);
    none.hidden = others.length > 0;
    list.replaceChildren(...others.map(run => earlierRun(lab, run, chosenRuns, toggle)));
  }

  return {
    element,
    /** Lay a run's curve over this one's. */
    async lay(run) {
      if (await fetched(run)) curves.others([...chosenRuns.values()]);
      await refresh();
    },
    /** Show this run's curve alone. */
    clear() {
      if (!chosenRuns.size) return;
      chosenRuns.clear();
      colours.clear();
      curves.others([]);
      refresh();
    },
    paint({ run, state }) {
      const now = `${run} ${state === "running"}`;
      if (now === asked || state === "lost") return;
      asked = now;
      refresh();
    },
  };
}

function freeColour(taken) {
  const colour = OTHERS.find(name => !taken.has(name)) ?? OTHERS[taken.size % OTHERS.length];
  taken.add(colour);
  return colour;
}

function overlaid(answer) {
  const curves = new Curves();
  curves.take(answer);
  return curves;
}

function earlierRun(lab, { name, updates, test_accuracy, state_in_words }, chosenRuns, toggle) {
  const known = chosenRuns.get(name);
  const key = h("span", { class: "key", style: `--colour: var(--${known?.colour ?? "line"})` });
  const box = h("input", { type: "checkbox", checked: Boolean(known), onchange: () => toggle(name, box, key) });
  return h("li", { title: `${name}: ${count(updates)}, ${state_in_words}` },
    h("label", {}, box, key, h("span", { class: "name" }, name)),
    h("span", { class: "number" }, accuracyShown(test_accuracy)));
}
