// The loss over two weights as a map with lines of equal loss, and the way that both went while training.

const HEAT_PIXELS = 256;
const HEAT_BANDS = 16;

/** The card of the map. on: {range(range)}. Returned: {element, range(range), surface(answer)}. */
function probeSurface(lab, on) {
  const seen = { answer: null, losses: null, path: [] };
  const labels = { first: h("span", {}), second: h("span", {}) };
  const heat = h("canvas", { class: "heat" });
  const chart = plane(lab, { label: lab.text("probe_over"), x: {}, y: {}, square: true });
  chart.element.prepend(heat);
  const low = h("output", { class: "number" }), high = h("output", { class: "number" });
  const scale = h("span", { class: "item heat-scale" }, lab.text("probe_loss"), low, h("span", { class: "ramp" }), high);
  const range = rangeSelect(lab, on.range, false);
  const asTable = twin(lab, () => h("div", {}, mapTable(lab, seen), wayTable(lab, seen)));

  function paint() {
    if (!seen.answer) return;
    const { center: [x, y], half } = seen.answer;
    paintHeat(lab, heat, seen);
    chart.draw({ x: [x - half, x + half], y: [y - half, y + half] }, (X, Y, box) => {
      Object.assign(heat.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
      return wayPainted(seen, X, Y, box);
    });
  }

  lab.on("theme", paint);
  const key = legendOf({ label: lab.text("probe_way"), colour: "orange" }, { label: lab.text("probe_downhill"), colour: "ink" });
  key.prepend(scale);
  const element = h("section", { class: "card probe-over" },
    h("header", {}, h("h2", {}, lab.text("probe_over")), range),
    h("p", { class: "small muted axes-named" }, "↔ ", labels.first, " · ↕ ", labels.second),
    h("figure", { class: "chart" }, chart.element, key),
    h("p", { class: "small muted" }, lab.text("probe_map_note")), asTable.element);
  return {
    element,
    range: chosen => { range.value = chosen; },
    surface(answer) {
      Object.assign(seen, { answer, losses: answer.array("losses"), path: rowsOf(answer.array("path")) });
      say(labels.first, weightName(answer));
      say(labels.second, weightName(answer.other));
      const finite = Array.from(seen.losses).filter(Number.isFinite);
      [seen.low, seen.high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
      say(low, short(seen.low));
      say(high, short(seen.high));
      paint();
      asTable.refresh();
    },
  };
}

/** As Python writes it: W1[405, 12]. */
function weightName({ parameter, index }) {
  return `${parameter}[${index.join(", ")}]`;
}

/** Colours between the numbers of the map, in bands; the lowest loss is the strongest. */
function paintHeat(lab, canvas, { losses, low, high }) {
  const [rows, columns] = losses.shape, size = HEAT_PIXELS;
  const colours = ramp(lab.colour("blue"), lab.colour("zero"));
  [canvas.width, canvas.height] = [size, size];
  const context = canvas.getContext("2d"), image = context.createImageData(size, size);
  const bands = heatBands(losses, rows, columns, size, low, high);
  for (let k = 0; k < size * size; k++) {
    const band = bands[k], edge = band !== bands[k - 1] || band !== bands[k - size];
    const step = band < 0 ? 255 : Math.round((255 * Math.min(band, HEAT_BANDS - 1)) / (HEAT_BANDS - 1));
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = colours[3 * step + c];
    image.data[4 * k + 3] = band < 0 ? 0 : edge && k % size && k >= size ? 190 : 255;
  }
  context.putImageData(image, 0, 0);
}

/** In which band of the loss each pixel lies, the first row on top; -1 where the loss is not finite. */
function heatBands(losses, rows, columns, size, low, high) {
  const bands = new Int8Array(size * size), span = high - low || 1;
  for (let py = 0; py < size; py++) {
    const y = ((size - 1 - py) / (size - 1)) * (rows - 1), y0 = Math.min(Math.floor(y), rows - 2), v = y - y0;
    for (let px = 0; px < size; px++) {
      const x = (px / (size - 1)) * (columns - 1), x0 = Math.min(Math.floor(x), columns - 2), u = x - x0;
      const at = y0 * columns + x0;
      const above = losses[at + columns] * (1 - u) + losses[at + columns + 1] * u;
      const loss = (losses[at] * (1 - u) + losses[at + 1] * u) * (1 - v) + above * v;
      // The root lets the bands be narrow where the loss is low, which is where a way ends.
      bands[py * size + px] = Number.isFinite(loss) ? Math.floor(HEAT_BANDS * Math.sqrt(Math.max(0, loss - low) / span)) : -1;
    }
  }
  return bands;
}

function wayPainted({ answer, path }, X, Y, box) {
  const [x, y] = answer.center, [begin] = path;
  return [
    polyline(path, X, Y, "way-edge"),
    polyline(path, X, Y, "orange"),
    ...path.slice(1, -1).map(([a, b]) => svg("circle", { class: "dot", cx: X(a), cy: Y(b), r: 0.18 * box.em })),
    svg("circle", { class: "begin", cx: X(begin[0]), cy: Y(begin[1]), r: 0.34 * box.em }),
    ...arrowPainted(answer.descent, X(x), Y(y), Math.min(box.width, box.height) / 5, box.em),
    svg("circle", { class: "here", cx: X(x), cy: Y(y), r: 0.48 * box.em }),
  ];
}

/** Both axes have one scale, so that downhill is at right angles to the lines of equal loss. */
function arrowPainted([dx, dy], x, y, length, em) {
  const size = Math.hypot(dx, dy);
  if (!(size > 0)) return [];
  const [u, v] = [dx / size, -dy / size], [tipX, tipY] = [x + u * length, y + v * length];
  const head = [[-0.72, -0.36], [0, 0], [-0.72, 0.36]].map(at => at.map(part => part * em)).map(([a, b]) => `${tipX + a * u - b * v} ${tipY + a * v + b * u}`);
  return [svg("path", { class: "stroke arrow", d: `M${x} ${y}L${tipX} ${tipY}M${head.join("L")}` })];
}

function mapTable(lab, { answer, losses }) {
  const [rows, columns] = losses.shape, { center: [x, y], half } = answer;
  const at = (center, k, n) => center + half * ((2 * k) / (n - 1) - 1);
  const across = spread(columns, 7), down = spread(rows, 7).reverse();
  const head = [`${weightName(answer.other)} ↓ ${weightName(answer)} →`, ...across.map(k => short(at(x, k, columns), 4))];
  return table(lab.text("probe_over"), head, down.map(row =>
    [short(at(y, row, rows), 4), ...across.map(k => short(losses[row * columns + k], 4))]));
}

function wayTable(lab, { answer, path }) {
  return table(lab.text("probe_way"), [lab.text("probe_update"), weightName(answer), weightName(answer.other)],
    spread(path.length, 100).map(k => [count(path[k][2]), short(path[k][0], 6), short(path[k][1], 6)]));
}
