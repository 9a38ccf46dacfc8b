// Curves, drawn by uPlot in the colours and letters of the page, with their numbers in words and as a table.

/**
 * A chart.
 *
 * lab, {
 *   label: what is shown, for those who do not see it,
 *   x: {label, format(number), whole: it counts}, y: {label, format(number), axis(number), log, range(low, high) → [low, high]},
 *   series: [{label, colour, width, dash, points, hidden: no line, quiet: not in the legend}],
 *   bands: [{series: [of its upper edge, of its lower edge], colour}], counting series from 1,
 *   pick(x): a click in the chart; rows: most rows of the table; table: false where there is another table
 * }
 *
 * Returned: {element, show([xs, ys, …]), marks([{x, colour, dash}]), others([{xs, ys, colour, dash}]), log(on),
 * rename(series, counting from 0, label), repaint()}. `others` are curves with steps of their own. Nothing is painted
 * while the element is not seen.
 */
function chart(lab, options) {
  const plot = h("div", { class: "plot", "aria-hidden": "true" });
  const legend = chartLegend(options);
  const columns = () => model.data.map(column => Array.from(column ?? []));
  const asTable = options.table === false ? null : twin(lab, () => chartTable(options, columns()));
  const element = h("figure", { class: "chart", role: "group", "aria-label": options.label },
    legend.element, plot, asTable?.element);
  const model = { data: [[], ...options.series.map(() => [])], marks: [], others: [], log: options.y.log ?? false };
  let drawn = null;

  function rebuild() {
    drawn?.destroy();
    drawn = null;
    repaint();
  }

  function repaint() {
    const width = plot.clientWidth, height = plot.clientHeight;
    if (!width || !height) return;
    if (!drawn) drawn = new uPlot(chartOptions(lab, options, model, legend, width, height), model.data, plot);
    else if (drawn.width !== width || drawn.height !== height) drawn.setSize({ width, height });
    else drawn.setData(model.data);
    legend.tell(model.data, drawn.cursor.idx);
  }

  lab.on("theme", rebuild);
  lab.onSize(plot, repaint);
  lab.signal.addEventListener("abort", () => drawn?.destroy());
  return {
    element, repaint,
    show(data) {
      model.data = data;
      repaint();
      asTable?.refresh();
    },
    marks(marks) {
      model.marks = marks;
      drawn?.redraw(false);
    },
    others(others) {
      model.others = others;
      repaint();
    },
    rename(k, label) {
      options.series[k].label = label;
      legend.rename(k, label);
    },
    log(on) {
      if (on === model.log) return;
      model.log = on;
      rebuild();
    },
  };
}

/** The curves' names and colours, with the number under the pointer, or else the last. */
function chartLegend({ series, y }) {
  const items = series.map(({ label, colour, dash, quiet }) => {
    if (quiet) return null;
    const value = h("output", {});
    const key = h("span", { class: "key", style: `--colour: var(--${colour})`, "data-dash": Boolean(dash) });
    const name = h("span", {}, label);
    return { name, value, element: h("span", { class: "item" }, key, name, " ", value) };
  });
  const element = h("figcaption", { class: "legend" }, ...items.filter(Boolean).map(item => item.element));
  const tell = (data, at) => items.forEach((item, k) => {
    const ys = data[k + 1] ?? [], value = ys[at ?? ys.length - 1];
    if (item) say(item.value, value == null ? "" : y.format(value));
  });
  return { element, tell, rename: (k, label) => say(items[k].name, label) };
}

function chartTable({ label, x, series, rows = 100 }, columns) {
  const format = (value, formatted) => (value == null ? "" : formatted(value));
  const places = spread(columns[0].length, rows);
  const cells = place => columns.slice(1).map(column => format(column[place], value => short(value, 6)));
  const head = [x.label, ...series.map(one => one.label)];
  return table(label, head, places.map(place => [format(columns[0][place], x.format ?? count), ...cells(place)]));
}

/** Between two marks of an axis that counts. */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, k) => [1, 2, 5].map(n => n * 10 ** k)).flat();

function chartOptions(lab, options, model, legend, width, height) {
  const { x, y, series, bands = [], pick } = options;
  const letters = `${Math.round(lab.em * 0.78)}px ${getComputedStyle(lab.root).fontFamily}`;
  const line = lab.em / 16;
  return {
    width, height, padding: [lab.em * 0.6, lab.em * 1.4, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 * line }, y: false },
    scales: {
      x: { time: false, range: (_, low, high) => horizontal(model, low, high) },
      y: { distr: model.log ? 3 : 1, range: (_, low, high) => vertical(model, y, low, high) },
    },
    axes: [{ ...chartAxis(lab, letters, x, 1.5), incrs: x.whole && WHOLE_STEPS }, chartAxis(lab, letters, y, 3.4)],
    series: [{}, ...series.map(one => chartSeries(lab, one, line))],
    bands: bands.map(band => ({ series: band.series, fill: lab.colour(band.colour) })),
    hooks: {
      drawAxes: [drawn => paintOthers(lab, drawn, model, line)],
      draw: [drawn => paintMarks(lab, drawn, model, line)],
      setCursor: [drawn => legend.tell(model.data, drawn.cursor.idx)],
      ready: pick ? [drawn => drawn.over.addEventListener("click", () => {
        if (drawn.cursor.left >= 0) pick(drawn.posToVal(drawn.cursor.left, "x"));
      })] : [],
    },
  };
}

function chartAxis(lab, font, { label, format = count, axis = format }, size) {
  const grid = { stroke: lab.colour("line"), width: 1 / devicePixelRatio };
  return {
    font, grid, ticks: { show: false }, stroke: lab.colour("muted"), size: size * lab.em, gap: 0.3 * lab.em,
    label: label || undefined, labelFont: font, labelSize: 1.15 * lab.em, labelGap: 0,
    values: (_, splits) => splits.map(value => (value == null ? "" : axis(value))),
  };
}

function chartSeries(lab, { colour, width = 2, dash, points, hidden }, line) {
  return {
    stroke: hidden ? undefined : lab.colour(colour), width: hidden ? 0 : width * line,
    dash: dash?.map(length => length * line * devicePixelRatio), spanGaps: true,
    points: { show: Boolean(points), size: 7 * line, fill: lab.colour("card"), stroke: lab.colour(colour) },
  };
}

function horizontal({ others }, low, high) {
  const ends = others.map(({ xs }) => xs[xs.length - 1] ?? -Infinity);
  const begins = others.map(({ xs }) => xs[0] ?? Infinity);
  [low, high] = [Math.min(low ?? Infinity, ...begins), Math.max(high ?? -Infinity, ...ends)];
  if (!(low <= high)) return [0, 100];
  return low === high ? [low, low + 100] : [low, high];
}

function vertical({ others, log }, { range }, low, high) {
  for (const { ys } of others) {
    for (const value of ys) {
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (low == null || value < low) low = value;
      if (high == null || value > high) high = value;
    }
  }
  if (low == null || high == null) return log ? [0.1, 10] : [0, 1];
  if (range) return range(low, high);
  return log ? uPlot.rangeLog(low, high, 10, false) : uPlot.rangeNum(low, high, 0.1, true);
}

/** Inside the axes only. */
function clipped(drawn, paint) {
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx, bbox);
  ctx.restore();
}

function paintOthers(lab, drawn, { others, log }, line) {
  clipped(drawn, context => {
    for (const { xs, ys, colour, dash = [], width = 1.5 } of others) {
      context.strokeStyle = lab.colour(colour);
      context.lineWidth = width * line * devicePixelRatio;
      context.setLineDash(dash.map(length => length * line * devicePixelRatio));
      context.beginPath();
      for (let k = 0; k < xs.length; k++) {
        if (!log || ys[k] > 0) context.lineTo(drawn.valToPos(xs[k], "x", true), drawn.valToPos(ys[k], "y", true));
      }
      context.stroke();
    }
  });
}

/** Upright lines: what happened when. */
function paintMarks(lab, drawn, { marks }, line) {
  clipped(drawn, (context, bbox) => {
    for (const { x, colour = "muted", dash = [4, 3] } of marks) {
      const place = Math.round(drawn.valToPos(x, "x", true)) + 0.5;
      context.strokeStyle = lab.colour(colour);
      context.lineWidth = line * devicePixelRatio;
      context.setLineDash(dash.map(length => length * line * devicePixelRatio));
      context.beginPath();
      context.moveTo(place, bbox.top);
      context.lineTo(place, bbox.top + bbox.height);
      context.stroke();
    }
  });
}
