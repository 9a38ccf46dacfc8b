// Which weights are looked at: on the pictures of the first layer, or by name and numbers.

/**
 * The card that picks. on: {pick(which, weight), samples(n), hold(on)}; `which` is "first" or "second", weight is
 * {parameter, index}, the steepest without an index. Returned: {element, hold(on), pictures(W1, step), probed(answer),
 * surface(answer)}: of large pictures only every step-th row and column is shown.
 */
function probePick(lab, on) {
  const picked = { first: null, second: null };
  let which = "first", shown = null, step = 1, parameters = [];
  const pickPixel = (unit, row, column) => {
    picked[which] = { parameter: "W1", index: [inputOf(lab, row * step, column * step), unit] };
    mark();
    on.pick(which, picked[which]);
  };
  const grid = pictureGrid(lab, { label: lab.text("probe_pictures"), pick: pickPixel });
  const near = pictureGrid(lab, { label: lab.text("probe_near"), tallest: 1,
    pick: (_, row, column) => pickPixel(nearUnit(), row, column) });
  const asTable = twin(lab, () => table(lab.text("probe_near"), ["", ...Array.from({ length: shown.shape[2] }, (_, k) => k * step)],
    rowsOf(nearNumbers()).map((row, k) => [k * step, ...row.map(number => short(number, 2))])));
  const name = ownId();
  const choose = chosen => {
    which = chosen;
    mark();
  };
  const fields = Object.fromEntries(["first", "second"].map(one => [one, weightFields(lab, name, one, on, choose)]));
  const samples = samplesField(lab, on.samples), about = h("p", { class: "small muted about" });
  const still = h("input", { type: "checkbox", onchange: () => on.hold(still.checked) });
  const hold = h("label", {}, still, lab.text("probe_hold"));
  const element = h("section", { class: "card probe-pick" }, h("header", {}, h("h2", {}, lab.text("probe_pick"))),
    grid.element,
    h("div", { class: "near" }, near.element, h("div", { class: "fields" }, fields.first.element, fields.second.element)),
    h("div", { class: "choices" }, samples.element, hold), about, asTable.element);

  /** Where a weight is on the pictures: its pixel, or only the unit that it leads to or comes from. */
  function placeOf(weight) {
    const unit = pictureOf(weight);
    if (unit === null || unit >= (shown?.shape[0] ?? 0)) return null;
    if (weight.parameter !== "W1") return { unit };
    const [input] = weight.index, [, columns] = planeOf(lab);
    return { unit, row: Math.floor(input / columns / step), column: Math.floor((input % columns) / step) };
  }

  /** The unit that is shown enlarged: that of the weight which the pictures pick. */
  function nearUnit() {
    return placeOf(picked[which])?.unit ?? 0;
  }

  function mark() {
    const [other, place] = [placeOf(picked[which === "first" ? "second" : "first"]), placeOf(picked[which])];
    grid.also(other);
    grid.mark(place);
    near.also(other?.unit === nearUnit() && "row" in other ? { ...other, unit: 0 } : null);
    near.mark(place && "row" in place ? { ...place, unit: 0 } : null);
    if (!shown) return;
    const numbers = nearNumbers();
    numbers.shape = [1, ...numbers.shape];
    near.show(numbers);
    asTable.refresh();
  }

  function nearNumbers() {
    const [, rows, columns] = shown.shape, pixels = rows * columns;
    const numbers = shown.subarray(nearUnit() * pixels, (nearUnit() + 1) * pixels);
    return Object.assign(numbers, { shape: [rows, columns] });
  }

  return {
    element,
    hold: on => { still.checked = on; },
    pictures(numbers, eachStep) {
      [shown, step] = [numbers, eachStep];
      grid.show(numbers);
      mark();
    },
    probed(answer) {
      [picked.first, parameters] = [answer, answer.parameters];
      fields.first.show(answer, answer.parameters);
      samples.probed(answer);
      const facts = { iteration: count(answer.iteration), samples: count(answer.samples) };
      say(about, [lab.text("probe_about", facts), answer.decay > 0 ? lab.text("probe_decay") : ""].join(" ").trim());
      mark();
    },
    surface(answer) {
      picked.second = answer.other;
      fields.second.show(answer.other, parameters);
      mark();
    },
  };
}

/** The unit of the first layer that a weight belongs to; null where it belongs to none. */
function pictureOf(weight) {
  return { W1: weight?.index[1], b1: weight?.index[0], W2: weight?.index[0] }[weight?.parameter] ?? null;
}

/** Height and width of a sample; what is no picture is one row. */
function planeOf(lab) {
  const shape = lab.hello.image_shape;
  return shape.length === 2 ? shape : [1, shape.reduce((product, size) => product * size, 1)];
}

/** The number of the input that a pixel is. */
function inputOf(lab, row, column) {
  return row * planeOf(lab)[1] + column;
}

/** One of the two weights: whether the pictures pick it, its parameter, its place, and the steepest one. */
function weightFields(lab, group, which, on, choose) {
  const radio = h("input", { type: "radio", name: group, checked: which === "first", onchange: () => choose(which) });
  const parameter = h("select", { class: "quiet", "aria-label": lab.text("probe_parameter"),
    onchange: () => on.pick(which, { parameter: parameter.value }) });
  const [input, unit] = ["probe_input", "probe_unit"].map(key =>
    numberField({ min: 0, "aria-label": lab.text(key), title: lab.text(key) }, () => picked()));
  const bracket = text => h("span", { class: "muted" }, text);
  const comma = bracket(",");
  const picked = () => {
    const places = (input.hidden ? [unit] : [input, unit]).map(field => field.valueAsNumber);
    if (places.every(Number.isInteger)) on.pick(which, { parameter: parameter.value, index: places });
  };
  const element = h("div", { class: "weight-fields", role: "group", "aria-label": lab.text(`probe_${which}`) },
    h("label", {}, radio, h("span", { class: `key dot ${which}` }), lab.text(`probe_${which}`)),
    h("span", { class: "place" }, parameter, bracket("["), input, comma, unit, bracket("]")),
    h("button", { class: "quiet", onclick: () => on.pick(which, { parameter: parameter.value }) }, lab.text("probe_steepest")));
  return {
    element,
    show(weight, parameters) {
      if (parameter.options.length !== parameters.length) {
        parameter.replaceChildren(...parameters.map(({ name }) => h("option", { value: name }, name)));
      }
      parameter.value = weight.parameter;
      const { shape } = parameters.find(one => one.name === weight.parameter);
      input.hidden = comma.hidden = shape.length === 1;
      const fields = shape.length === 1 ? [unit] : [input, unit];
      fields.forEach((field, k) => {
        field.max = shape[k] - 1;
        showNumber(field, weight.index[k]);
      });
    },
  };
}

/** A field for a whole number. While somebody types, nothing else writes into it. */
function numberField(attributes, chosen) {
  const field = h("input", { type: "number", step: 1, ...attributes,
    oninput: () => { field.dataset.typing = ""; },
    onblur: () => { delete field.dataset.typing; },
    onchange: () => {
      delete field.dataset.typing;
      chosen();
    } });
  return field;
}

function showNumber(field, number) {
  if (field.dataset.typing === undefined) field.value = number;
}

function samplesField(lab, chosen) {
  const field = numberField({ min: 1 }, () => chosen(field.valueAsNumber));
  return {
    element: h("label", {}, lab.text("probe_samples"), field),
    probed(answer) {
      field.max = answer.most_samples;
      showNumber(field, answer.samples);
    },
  };
}
