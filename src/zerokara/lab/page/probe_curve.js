// The loss along a weight, which can be dragged: by its slider, and on the curve.

const PROBE_RANGES = [0.1, 1, 10];
const SLIDER_ENDS = 1000;
const SLIDER_RESTS = 300; // milliseconds after which somebody has let go of a key

/**
 * The card of the curve. on: {move(value), putBack(), range(range)}. Returned: {element, range(range), curve(answer), probed(answer)}:
 * `range` shows what was chosen elsewhere.
 */
function probeCurve(lab, on) {
  const seen = { curve: null, rows: [], now: null };
  const chart = plane(lab, { label: lab.text("probe_along"), x: { }, y: { } });
  const offsets = h("p", { class: "small muted", hidden: true },
    `↔ ${lab.text("probe_offset")} · ↕ ${lab.text("probe_loss_offset")}`);
  const range = rangeSelect(lab, on.range, true);
  const weight = weightSlider(lab, on);
  const facts = probeFacts(lab);
  const asTable = twin(lab, () => table(lab.text("probe_along"), [lab.text("probe_value"), lab.text("probe_loss")],
    spread(seen.rows.length, 41).map(k => seen.rows[k].map(number => short(number, 8)))));
  dragOn(chart, () => seen.curve && !seen.curve.close, on.move);

  function paint() {
    if (!seen.curve || !seen.now || isWaiting(chart, seen.curve, seen.now)) return;
    const limits = curveLimits(seen);
    chart.draw(limits, (X, Y, box) => curvePainted(seen, limits, X, Y, box));
  }

  const element = h("section", { class: "card probe-along" },
    h("header", {}, h("h2", {}, lab.text("probe_along")), range),
    h("figure", { class: "chart" }, chart.element, offsets, legendOf(
      { label: lab.text("probe_loss"), colour: "blue" },
      { label: lab.text("probe_tangent"), colour: "green", dash: true },
      { label: lab.text("probe_secant"), colour: "orange" },
      { label: lab.text("probe_kinks"), colour: "edge", look: "tick" })),
    weight.element, facts.element, asTable.element);
  return {
    element,
    range: chosen => { range.value = chosen; },
    curve(answer) {
      seen.curve = answer;
      seen.rows = rowsOf(answer.array("curve"));
      seen.kinks = Array.from(answer.array("kinks"));
      offsets.hidden = !answer.close;
      if (!answer.close) weight.limits(answer);
      if (seen.now) weight.probed(seen.now);
      paint();
      asTable.refresh();
    },
    probed(answer) {
      seen.now = answer;
      weight.probed(answer);
      facts.probed(answer);
      paint();
    },
  };
}

function rangeSelect(lab, chosen, close) {
  const select = h("select", { class: "quiet", "aria-label": lab.text("probe_range"), title: lab.text("probe_range"),
    onchange: () => chosen(["adaptive", "step"].includes(select.value) ? select.value : Number(select.value)) },
    h("option", { value: "adaptive" }, lab.text("probe_adaptive")),
    ...PROBE_RANGES.map(half => h("option", { value: half }, `± ${half}`)),
    close && h("option", { value: "step" }, lab.text("probe_close")));
  return select;
}

function dragOn(chart, allowed, move) {
  const { drawing } = chart;
  const moved = event => {
    if (!allowed() || (event.type === "pointermove" && !drawing.hasPointerCapture(event.pointerId))) return;
    if (event.type === "pointerdown") drawing.setPointerCapture(event.pointerId);
    move(chart.valueAt(event));
  };
  drawing.addEventListener("pointerdown", moved);
  drawing.addEventListener("pointermove", moved);
}

function weightSlider(lab, on) {
  const limits = { center: 0, half: 1 };
  let moved = -Infinity, latest = null;
  const slider = h("input", { type: "range", min: -SLIDER_ENDS, max: SLIDER_ENDS, step: 5, value: 0, oninput: () => {
    moved = performance.now();
    on.move(limits.center + (limits.half * slider.value) / SLIDER_ENDS);
    follow();
  } });
  const value = h("output", { class: "number" });
  const back = h("button", { class: "quiet", disabled: true, onclick: on.putBack }, lab.text("probe_put_back"));
  const note = h("p", { class: "small muted moved" });
  const place = () => { // answers come late: what a held key has moved is not put back by them
    if (latest === null || slider.matches(":active") || performance.now() < moved + SLIDER_RESTS) return;
    slider.value = Math.round(((latest - limits.center) / limits.half) * SLIDER_ENDS);
  };
  const follow = settled(place, SLIDER_RESTS);
  const element = h("div", { class: "drag" },
    h("label", {}, h("span", {}, lab.text("probe_drag")), slider), value, back, note);
  return {
    element,
    limits: answer => Object.assign(limits, { center: answer.center, half: answer.half }),
    probed(answer) {
      latest = answer.at;
      place();
      say(value, answer.shown.at);
      slider.setAttribute("aria-valuetext", answer.shown.at);
      back.disabled = !answer.moved;
      say(note, answer.moved ? lab.text("probe_moved", { value: answer.shown.value }) : "");
    },
  };
}

/** What the network says of the samples where the weight is now. */
function probeFacts(lab) {
  const [loss, accuracy] = [h("dd", { class: "number" }), h("dd", { class: "number" })];
  const element = h("dl", { class: "here-facts" }, h("div", {}, h("dt", {}, lab.text("probe_loss")), loss),
    h("div", {}, h("dt", {}, lab.text("probe_accuracy")), accuracy));
  const fact = (place, now, before) => {
    const earlier = now === before ? [] : [" ", h("span", { class: "muted" }, lab.text("probe_before", { value: before }))];
    place.replaceChildren(now, ...earlier);
  };
  return {
    element,
    probed({ shown }) {
      fact(loss, shown.short, shown.before);
      fact(accuracy, shown.accuracy, shown.accuracy_before);
    },
  };
}

/** From numbers to what the axes show: as they are, or as distances from where the weight is. */
function curveOrigin({ curve, rows }) {
  return curve.close ? [curve.center, rows[rows.length >> 1][1]] : [0, 0];
}

function curveLimits(seen) {
  const [x0, y0] = curveOrigin(seen), { curve: { center, half } } = seen;
  const losses = seen.rows.map(row => row[1] - y0).filter(Number.isFinite);
  let [low, high] = [Math.min(...losses), Math.max(...losses)];
  if (!(low < high)) [low, high] = [low - (Math.abs(low) || 1) / 10, low + (Math.abs(low) || 1) / 10];
  const room = 0.08 * (high - low);
  return { x: [center - half - x0, center + half - x0], y: [low - room, high + room] };
}

function curvePainted(seen, { x: [left, right] }, X, Y, box) {
  const { now, rows, kinks } = seen, [x0, y0] = curveOrigin(seen), bottom = box.top + box.height;
  const line = (x, y, slope, className) => (y == null || slope == null ? null : polyline(
    [left, right].map(end => [end, y - y0 + slope * (end - (x - x0))]), X, Y, className));
  const point = (x, y, className, size) => (y == null ? null
    : svg("circle", { class: className, cx: X(x - x0), cy: Y(y - y0), r: size * box.em }));
  return [
    ...kinks.map(kink => svg("line", { class: "kink", x1: X(kink - x0), x2: X(kink - x0), y1: bottom - 0.6 * box.em, y2: bottom })),
    now.moved && svg("line", { class: "origin", x1: X(now.value - x0), x2: X(now.value - x0), y1: box.top, y2: bottom }),
    polyline(rows.map(([x, y]) => [x - x0, y - y0]), X, Y, "blue"),
    line(now.below_at, now.below, now.numerical, "orange"),
    line(now.at, now.loss, now.backprop, "green dashed"),
    point(now.below_at, now.below, "beside", 0.36),
    point(now.above_at, now.above, "beside", 0.36),
    point(now.at, now.loss, "here", 0.52),
  ].filter(Boolean);
}
