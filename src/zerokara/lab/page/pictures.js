// Pictures of numbers: weights from blue (below zero) to orange, and ink.

/** The 256 colours from the one to the other, over the middle, as [r, g, b] three after three. */
function ramp(...colours) {
  const stops = colours.map(rgb), steps = new Uint8ClampedArray(256 * 3);
  for (let k = 0; k < 256; k++) {
    const at = (k / 255) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) steps[3 * k + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
  }
  return steps;
}

/** "#rgb" or "#rrggbb" as three numbers. */
function rgb(colour) {
  const digits = colour.length === 4 ? colour.slice(1).replace(/./g, "$&$&") : colour.slice(1);
  return [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16));
}

/** The colours of weights: below zero, zero, above zero. */
function weightColours(lab) {
  return (lab.colours.weights ??= ramp(lab.colour("negative"), lab.colour("zero"), lab.colour("positive")));
}

/** The colours of ink: none, all. */
function inkColours(lab) {
  return (lab.colours.inks ??= ramp(lab.colour("blank"), lab.colour("ink-full")));
}

/** The largest distance from zero. */
function furthest(numbers) {
  let most = 0;
  for (const x of numbers) {
    const size = x < 0 ? -x : x;
    if (size > most) most = size;
  }
  return most;
}

/**
 * Paint numbers (rows, columns) on a canvas of as many pixels, which CSS enlarges without blurring.
 *
 * `low` and `high` are the numbers with the first and the last colour. Where they are left out, the scale is that of
 * weights: as far below zero as above it, to the largest number.
 */
function paintNumbers(canvas, numbers, [rows, columns], { colours, low, high }) {
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  const most = furthest(numbers) || 1;
  colourNumbers(image.data, numbers, colours, low ?? -most, high ?? most);
  context.putImageData(image, 0, 0);
}

/** Weights (rows, columns) on a canvas, as `paintNumbers`; `most` is the number with the strongest colour. */
function paintWeights(lab, canvas, numbers, shape, most = furthest(numbers) || 1) {
  paintNumbers(canvas, numbers, shape, { colours: weightColours(lab), low: -most, high: most });
}

/** Ink (rows, columns) from 0 to `full` on a canvas. */
function paintInk(lab, canvas, numbers, shape, full = 1) {
  paintNumbers(canvas, numbers, shape, { colours: inkColours(lab), low: 0, high: full });
}

function colourNumbers(pixels, numbers, colours, low, high, from = 0, to = numbers.length) {
  const scale = 255 / (high - low);
  for (let k = from, at = 0; k < to; k++, at += 4) {
    const step = Math.max(0, Math.min(255, Math.round((numbers[k] - low) * scale))) * 3;
    pixels[at] = colours[step];
    pixels[at + 1] = colours[step + 1];
    pixels[at + 2] = colours[step + 2];
    pixels[at + 3] = 255;
  }
}

/**
 * Many pictures of one size in one canvas, in rows: the weights of all units. Each is enlarged by whole device pixels.
 *
 * lab, {label: of the canvas, pick(unit, row, column): of a click or of arrow keys, each: a function that returns true
 * where every picture has a scale of its own, tallest: most height per width}. Returned: {element, show(numbers
 * (n, rows, columns)), mark({unit, row, column} or null), also(the same, dotted), repaint()}.
 */
function pictureGrid(lab, { label, pick = null, each = () => false, tallest = 0.6 }) {
  const canvas = h("canvas", { class: "pictures", role: "img", "aria-label": label });
  const element = h("div", { class: "picture-grid" }, canvas);
  const small = h("canvas");
  let numbers = null, grid = null, marked = null, beside = null;

  function repaint() {
    if (!numbers || !element.clientWidth) return;
    grid = layOut(numbers.shape, element.clientWidth, devicePixelRatio, tallest);
    if (canvas.width !== grid.width || canvas.height !== grid.height) {
      [canvas.width, canvas.height] = [grid.width, grid.height];
      canvas.style.width = `${grid.width / devicePixelRatio}px`;
      canvas.style.height = `${grid.height / devicePixelRatio}px`;
    }
    paintGrid(lab, canvas, small, numbers, grid, each());
    if (beside) paintMark(lab, canvas, grid, beside, [1, 1]);
    if (marked) paintMark(lab, canvas, grid, marked);
  }

  const result = {
    element, canvas,
    show: shown => { numbers = shown; repaint(); },
    mark: place => { marked = place; repaint(); },
    also: place => { beside = place; repaint(); },
    repaint,
  };
  lab.on("theme", repaint);
  lab.onSize(element, repaint);
  if (pick) makePickable(canvas, () => grid, () => marked, pick);
  return result;
}

/** Device pixels for a pixel: whole ones, but for 1.5, which are smoothed. */
const ZOOMS = [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16];

/** How n pictures of rows × columns lie in a box, all as large as they can be; the box is not to grow too high. */
function layOut([n, rows, columns], boxWidth, ratio, tallest) {
  const width = Math.floor(boxWidth * ratio), least = Math.max(2, Math.round(2 * ratio));
  const fits = zoom => Math.min(n, Math.floor((width + least) / (Math.ceil(columns * zoom) + least)));
  const height = zoom => Math.ceil(n / fits(zoom)) * (rows * zoom + least);
  const zoom = ZOOMS.findLast(one => fits(one) && height(one) <= Math.max(tallest * width, 2 * rows + least)) ?? 1;
  const down = Math.ceil(n / Math.max(1, fits(zoom))), across = Math.ceil(n / down);
  const [wide, high] = [Math.ceil(columns * zoom), Math.ceil(rows * zoom)];
  const spare = across > 1 ? Math.floor((width - across * wide) / (across - 1)) : least;
  const gap = Math.max(least, Math.min(spare, Math.round(10 * ratio)));
  const [stepX, stepY] = [wide + gap, high + gap];
  return { n, rows, columns, zoom, across, stepX, stepY, width: across * stepX - gap, height: down * stepY - gap };
}

function paintGrid(lab, canvas, small, numbers, grid, each) {
  const { n, rows, columns, zoom, across, stepX, stepY } = grid, size = rows * columns;
  [small.width, small.height] = [columns, rows * n];
  const context = small.getContext("2d"), image = context.createImageData(columns, rows * n);
  const common = furthest(numbers) || 1;
  for (let k = 0; k < n; k++) {
    const most = each ? furthest(numbers.subarray(k * size, (k + 1) * size)) || 1 : common;
    const pixels = image.data.subarray(4 * k * size, 4 * (k + 1) * size);
    colourNumbers(pixels, numbers, weightColours(lab), -most, most, k * size, (k + 1) * size);
  }
  context.putImageData(image, 0, 0);
  const target = canvas.getContext("2d");
  target.clearRect(0, 0, canvas.width, canvas.height);
  target.imageSmoothingEnabled = zoom % 1 > 0;
  for (let k = 0; k < n; k++) {
    const [x, y] = [(k % across) * stepX, Math.floor(k / across) * stepY];
    target.drawImage(small, 0, k * rows, columns, rows, x, y, columns * zoom, rows * zoom);
  }
}

function paintMark(lab, canvas, grid, { unit, row, column }, dash = []) {
  const context = canvas.getContext("2d"), { across, stepX, stepY, zoom, columns, rows } = grid;
  const [x, y] = [(unit % across) * stepX, Math.floor(unit / across) * stepY];
  const line = Math.max(1, Math.round(devicePixelRatio));
  context.lineWidth = line;
  context.setLineDash(dash.map(length => 2 * length * line));
  context.strokeStyle = lab.colour("ink");
  const [left, top] = [Math.max(line, x) - line / 2, Math.max(line, y) - line / 2];
  const right = Math.min(canvas.width - line, x + columns * zoom) + line / 2;
  const bottom = Math.min(canvas.height - line, y + rows * zoom) + line / 2;
  context.strokeRect(left, top, right - left, bottom - top);
  if (row === undefined) return;
  const room = Math.max(0, Math.ceil(3 * devicePixelRatio) - zoom);
  context.lineWidth = 2 * line;
  context.strokeRect(x + column * zoom - room, y + row * zoom - room, zoom + 2 * room, zoom + 2 * room);
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Let a picture's pixel be picked by mouse, pen and finger, and by arrow keys, which go on into the next picture. */
function makePickable(canvas, gridOf, marked, pick) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.classList.add("pickable");
  canvas.addEventListener("pointerdown", event => {
    const place = placeAt(gridOf(), event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio);
    if (place) pick(place.unit, place.row, place.column);
  });
  canvas.addEventListener("keydown", event => {
    const arrow = ARROWS[event.key], grid = gridOf();
    if (!arrow || !grid || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const place = moved(grid, { unit: 0, row: grid.rows >> 1, column: grid.columns >> 1, ...marked() }, arrow);
    pick(place.unit, place.row, place.column);
  });
}

function placeAt(grid, x, y) {
  if (!grid) return null;
  const [across, down] = [Math.floor(x / grid.stepX), Math.floor(y / grid.stepY)];
  const unit = down * grid.across + across;
  const column = Math.floor((x - across * grid.stepX) / grid.zoom);
  const row = Math.floor((y - down * grid.stepY) / grid.zoom);
  const inside = across < grid.across && unit < grid.n && unit >= 0 && column < grid.columns && row < grid.rows;
  return inside ? { unit, row: Math.max(0, row), column: Math.max(0, column) } : null;
}

function moved(grid, { unit, row, column }, [down, right]) {
  const [newRow, newColumn] = [row + down, column + right];
  const next = unit + Math.floor(newColumn / grid.columns) + grid.across * Math.floor(newRow / grid.rows);
  if (next < 0 || next >= grid.n) return { unit, row, column };
  return { unit: next, row: (newRow + grid.rows) % grid.rows, column: (newColumn + grid.columns) % grid.columns };
}
