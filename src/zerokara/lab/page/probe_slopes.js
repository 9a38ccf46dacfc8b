// Both slopes by a weight, digit by digit, and the V that their difference makes over h.

/** The card of the slopes. on: {step(h), precision(name)}. Returned: {element, precision(name), probed(answer), errors(answer)}. */
function probeSlopes(lab, on) {
  const digits = slopeTable(lab), v = errorChart(lab, on.step);
  const remark = h("p", { class: "remark" });
  const step = stepSlider(lab, on.step);
  const precision = h("select", { class: "quiet", "aria-label": lab.text("probe_precision"),
    title: lab.text("probe_precision"), onchange: () => on.precision(precision.value) },
  ...["float64", "float32"].map(name => h("option", { value: name }, name)));
  const element = h("section", { class: "card probe-slopes" },
    h("header", {}, h("h2", {}, lab.text("probe_slopes")), precision),
    step.element, digits.element, remark, ...v.elements);
  return {
    element,
    precision: name => { precision.value = name; },
    probed(answer) {
      step.probed(answer);
      digits.probed(answer);
      say(remark, answer.remark);
      v.probed(answer);
    },
    errors: v.errors,
  };
}

/** h, from 1e-12 to 1, each step of the slider one of Python's. */
function stepSlider(lab, chosen) {
  let steps = [];
  const shown = h("output", { class: "number" });
  const slider = h("input", { type: "range", min: 0, max: 36, value: 24, step: 1,
    oninput: () => chosen(steps[slider.valueAsNumber]) });
  return {
    element: h("div", { class: "drag" }, h("label", {}, h("span", {}, lab.text("probe_step")), slider), shown),
    probed(answer) {
      steps = [...answer.steps].reverse();
      slider.max = steps.length - 1;
      if (!slider.matches(":active")) slider.value = steps.indexOf(answer.h);
      say(shown, stepText(answer.h));
      slider.setAttribute("aria-valuetext", stepText(answer.h));
    },
  };
}

/** 0.0001 as 1e-4: what counts is the power. */
function stepText(h) {
  return h === 1 ? "1" : h.toExponential().replace("e-0", "e-");
}

function slopeTable(lab) {
  const rows = {
    above: ["L(w + h)"], below: ["L(w − h)"],
    numerical: [lab.text("probe_numerical")], backprop: [lab.text("probe_backprop")], error: [lab.text("probe_difference")],
  };
  for (const row of Object.values(rows)) row.push(h("td", { class: "digits" }));
  const element = h("table", { class: "slopes" }, h("tbody", {}, ...Object.entries(rows).map(([name, [head, cell]]) =>
    h("tr", { class: name }, h("th", { scope: "row" }, head), cell))));
  const write = (name, text, other) => rows[name][1].replaceChildren(...withDifference(text, other));
  return {
    element,
    probed(answer) {
      const text = name => (answer[name] == null ? "–" : answer.shown[name]);
      for (const [one, other] of [["above", "below"], ["numerical", "backprop"]]) {
        write(one, text(one), text(other));
        write(other, text(other), text(one));
      }
      say(rows.error[1], text("error"));
    },
  };
}

/** A number whose first digits, as far as another has them too, are pale: they cancel in the difference. */
function withDifference(text, other) {
  let same = 0;
  while (same < text.length && text.length === other.length && text[same] === other[same]) same++;
  return [h("span", { class: "muted" }, text.slice(0, same)), h("b", {}, text.slice(same))].filter(part => part.textContent);
}

/** |numerical - backprop| over h, both in powers of ten; a click chooses h. */
function errorChart(lab, chosen) {
  const seen = { rows: [], now: null };
  const chart = plane(lab, { label: lab.text("probe_error"), x: { log: true, label: "h" }, y: { log: true } });
  const asTable = twin(lab, () => table(lab.text("probe_error"), ["h", lab.text("probe_difference")],
    seen.rows.map(([step, error]) => [stepText(step), error.toExponential(2)])));
  chart.drawing.classList.add("pickable");
  chart.drawing.addEventListener("pointerdown", event => {
    const at = chart.valueAt(event);
    if (at === null || !seen.now) return;
    const away = step => Math.abs(Math.log(step / at));
    chosen(seen.now.steps.reduce((best, step) => (away(step) < away(best) ? step : best)));
  });
  const paint = () => {
    if (!seen.now || !seen.answer || isWaiting(chart, seen.answer, seen.now)) return;
    const limits = errorLimits(seen);
    chart.draw(limits, (X, Y, box) => errorsPainted(lab, seen, limits, X, Y, box));
  };
  return {
    elements: [h("figure", { class: "chart" }, h("h3", {}, lab.text("probe_error")), chart.element), asTable.element],
    probed(answer) {
      seen.now = answer;
      paint();
    },
    errors(answer) {
      seen.answer = answer;
      seen.rows = rowsOf(answer.array("errors"));
      paint();
      asTable.refresh();
    },
  };
}

/** Whole powers of ten around all errors and the slope itself; what is 0 lies on the lower edge. */
function errorLimits({ rows, now }) {
  const sizes = [...rows.map(row => row[1]), Math.abs(now.backprop ?? 0), now.error ?? 0];
  const logs = sizes.filter(size => size > 0 && Number.isFinite(size)).map(Math.log10);
  const [low, high] = logs.length ? [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))] : [-16, 0];
  const hs = now.steps;
  return { x: [Math.min(...hs) / 1.5, Math.max(...hs) * 1.5], y: [10 ** (low - 0.4), 10 ** (Math.max(high, low + 2) + 0.4)] };
}

function errorsPainted(lab, { rows, now }, { x, y }, X, Y, box) {
  const at = size => Y(size > 0 ? size : y[0]), slope = Math.abs(now.backprop ?? 0);
  const dots = rows.filter(row => Number.isFinite(row[1])).map(([step, size]) =>
    svg("circle", { class: size > 0 ? "dot" : "dot zero", cx: X(step), cy: at(size), r: 0.18 * box.em }));
  const words = (text, where, anchor) => svg("text", { x: where, y: box.top + box.height - 0.6 * box.em, "text-anchor": anchor }, text);
  const size = slope > 0 && [
    svg("line", { class: "stroke green dashed", x1: X(x[0]), x2: X(x[1]), y1: Y(slope), y2: Y(slope) }),
    svg("text", { class: "size", x: box.left + box.width / 2, y: Y(slope) + 1.2 * box.em }, lab.text("probe_size")),
  ];
  return [
    ...(size || []),
    svg("line", { class: "origin", x1: X(now.h), x2: X(now.h), y1: box.top, y2: box.top + box.height }),
    polyline(rows.map(([step, error]) => [step, error > 0 ? error : y[0]]), X, Y, "orange thin"),
    ...dots,
    words(lab.text("probe_rounding"), box.left + 0.5 * box.em, "start"),
    words(lab.text("probe_truncation"), box.left + box.width - 0.5 * box.em, "end"),
    now.error != null && svg("circle", { class: "here", cx: X(now.h), cy: at(now.error), r: 0.48 * box.em }),
  ].filter(Boolean);
}
