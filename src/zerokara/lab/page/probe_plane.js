// A plane with two axes, drawn in SVG: for what is pointed at and dragged, such as a tangent, a point, a way on a map.

/**
 * A plane.
 *
 * lab, {label: what is shown, for those who do not see it; x, y: {label, log}; square}
 *
 * Returned: {element, drawing, draw({x: [low, high], y: [low, high]}, paint), valueAt(event) → x or null}. `paint(X, Y,
 * box)` returns the elements to be shown; X and Y are from numbers to pixels, box is {left, top, width, height, em}.
 */
function plane(lab, { label, x, y, square = false }) {
  const drawing = svg("svg", { class: "plane", role: "img", "aria-label": label });
  const element = h("div", { class: square ? "plane-box square" : "plane-box" }, drawing);
  let shown = null, scale = null;

  function repaint() {
    const width = element.clientWidth, height = element.clientHeight;
    if (!shown || !width || !height) return;
    const em = parseFloat(getComputedStyle(drawing).fontSize);
    const ticks = { x: ticksOf(shown.x, x.log, 6), y: ticksOf(shown.y, y.log, 6) };
    const box = boxOf(width, height, em, ticks.y, x.label, y.label);
    const X = scaleOf(shown.x, x.log, box.left, box.left + box.width);
    const Y = scaleOf(shown.y, y.log, box.top + box.height, box.top);
    scale = { box, x: shown.x, log: x.log };
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    // An inner SVG clips what is painted beyond the axes; its pixels are those of the outer one.
    const inside = svg("svg", { x: box.left, y: box.top, width: box.width, height: box.height,
      viewBox: `${box.left} ${box.top} ${box.width} ${box.height}` }, ...shown.paint(X, Y, box));
    drawing.replaceChildren(...axes(ticks, X, Y, box, em, { x, y }), inside);
  }

  lab.onSize(element, repaint);
  lab.on("theme", repaint);
  return {
    element, drawing, repaint,
    draw(limits, paint) {
      shown = { ...limits, paint };
      repaint();
    },
    valueAt(event) {
      if (!scale) return null;
      const { box, x: [low, high], log } = scale;
      const share = (event.clientX - drawing.getBoundingClientRect().left - box.left) / box.width;
      const at = Math.min(1, Math.max(0, share));
      return log ? low * (high / low) ** at : low + at * (high - low);
    },
  };
}

function boxOf(width, height, em, ticks, xLabel, yLabel) {
  const left = (0.62 * Math.max(...ticks.map(tick => tick.text.length), 3) + 0.8 + (yLabel ? 1.3 : 0)) * em;
  const top = 0.7 * em, bottom = (xLabel ? 2.9 : 1.7) * em;
  return { left, top, width: Math.max(1, width - left - em), height: Math.max(1, height - top - bottom), em };
}

const FARTHEST = 1e6; // pixels that a drawing can be asked for: a tangent may be as steep as can be

function scaleOf([low, high], log, from, to) {
  const place = log ? Math.log : value => value, [a, b] = [place(low), place(high)];
  if (!(b > a)) return () => (from + to) / 2;
  const within = at => Math.max(-FARTHEST, Math.min(FARTHEST, at));
  return value => within(from + ((place(value) - a) / (b - a)) * (to - from));
}

/** Where the lines of a grid are, with their numbers: about `most` of them, at 1, 2 or 5 times a power of ten. */
function ticksOf([low, high], log, most) {
  if (log) return decades(low, high, most);
  if (!(high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high)))) return []; // numbers too close to be told apart
  const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(digit => digit * power >= raw);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), ticks = [];
  const tiny = Math.max(Math.abs(low), Math.abs(high)) < 1e-3 || step >= 1e7;
  for (let k = Math.ceil(low / step); k <= high / step + 1e-9; k++) {
    ticks.push({ at: k * step, text: tiny ? short(k * step) : fixed(k * step, decimals).replace(/^-(?=[0.]+$)/, "") });
  }
  return ticks;
}

function decades(low, high, most) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first) / most)), ticks = [];
  for (let k = last; k >= first; k -= step) ticks.unshift({ at: Number(`1e${k}`), text: k === 0 ? "1" : `1e${k}` });
  return ticks;
}

function axes(ticks, X, Y, box, em, { x, y }) {
  const bottom = box.top + box.height, right = box.left + box.width;
  const vertical = ticks.x.map(({ at, text }) => [
    svg("line", { class: "grid", x1: X(at), x2: X(at), y1: box.top, y2: bottom }),
    svg("text", { x: X(at), y: bottom + 1.2 * em, "text-anchor": "middle" }, text),
  ]);
  const horizontal = ticks.y.map(({ at, text }) => [
    svg("line", { class: "grid", x1: box.left, x2: right, y1: Y(at), y2: Y(at) }),
    svg("text", { x: box.left - 0.5 * em, y: Y(at) + 0.35 * em, "text-anchor": "end" }, text),
  ]);
  const middle = box.top + box.height / 2;
  const named = [
    x.label && svg("text", { x: box.left + box.width / 2, y: bottom + 2.6 * em, "text-anchor": "middle" }, x.label),
    y.label && svg("text", { transform: `translate(${em} ${middle}) rotate(-90)`, "text-anchor": "middle" }, y.label),
  ];
  return [...vertical.flat(), ...horizontal.flat(), ...named.filter(Boolean)];
}

/** A line through points [x, y]; a gap where a number is not finite. */
function polyline(points, X, Y, className) {
  let path = "", pen = "M";
  for (const [x, y] of points) {
    const finite = Number.isFinite(x) && Number.isFinite(y);
    if (finite) path += `${pen}${X(x).toFixed(2)} ${Y(y).toFixed(2)}`;
    pen = finite ? "L" : "M";
  }
  return svg("path", { class: `stroke ${className}`, d: path || "M0 0" });
}

/** Whether what is drawn is about another weight than the newest numbers; then it is pale until it is drawn anew. */
function isWaiting(chart, drawn, now) {
  const waits = weightName(drawn) !== weightName(now);
  chart.element.toggleAttribute("data-waiting", waits);
  return waits;
}

/** The key of a chart: names with the colours of base.css. */
function legendOf(...items) {
  return h("figcaption", { class: "legend" }, ...items.map(({ label, colour, dash = false, look = "" }) =>
    h("span", { class: "item" },
      h("span", { class: `key ${look}`, style: `--colour: var(--${colour})`, "data-dash": String(dash) }), label)));
}

/** The rows of an array (rows, columns) as lists. */
function rowsOf(numbers) {
  const [rows, columns] = numbers.shape;
  return Array.from({ length: rows }, (_, k) => Array.from(numbers.subarray(k * columns, (k + 1) * columns)));
}
