// Which weights are looked at: on the pictures of the first layer, or by name and numbers.

/**
 * The card that picks. on: {pick(which, weight), samples(n), hold(on)}; `which` is "first" or "second", weight is
 * {parameter, index}, the steepest without an index. Returned: {element, pictures(W1), probed(answer), surface(answer)}.
 */
function probePick(lab, on) {
  const picked = { first: null, second: null };
  let which = "first", size = null, shown = null;
  const grid = pictureGrid(lab, { label: lab.text("probe_pictures"), pick: (unit, row, column) => {
    on.pick(which, { parameter: "W1", index: [row * size[2] + column, unit] });
  } });
  const near = pictureGrid(lab, { label: lab.text("probe_near"), pick: (_, row, column) => {
    on.pick(which, { parameter: "W1", index: [row * size[2] + column, nearUnit()] });
  } });
  const name = ownId();
  const choose = chosen => {
    which = chosen;
    mark();
  };
  const fields = Object.fromEntries(["first", "second"].map(one => [one, weightFields(lab, name, one, on, choose)]));
  const samples = samplesField(lab, on.samples), about = h("p", { class: "small muted about" });
  const hold = h("label", {}, h("input", { type: "checkbox", onchange: event => on.hold(event.target.checked) }), lab.text("probe_hold"));
  const element = h("section", { class: "card probe-pick" }, h("header", {}, h("h2", {}, lab.text("probe_pick"))),
    grid.element,
    h("div", { class: "near" }, near.element, h("div", { class: "fields" }, fields.first.element, fields.second.element)),
    h("div", { class: "choices" }, samples.element, hold), about);

  /** Where a weight of the first layer is on the pictures. */
  function placeOf(weight) {
    if (!size || weight?.parameter !== "W1" || weight.index[1] >= size[0]) return null;
    const [input, unit] = weight.index;
    return { unit, row: Math.floor(input / size[2]), column: input % size[2] };
  }

  /** The unit that is shown enlarged: that of the weight which the pictures pick. */
  function nearUnit() {
    return placeOf(picked[which])?.unit ?? 0;
  }

  function mark() {
    const [other, place] = [placeOf(picked[which === "first" ? "second" : "first"]), placeOf(picked[which])];
    grid.also(other);
    grid.mark(place);
    near.also(other?.unit === nearUnit() ? { ...other, unit: 0 } : null);
    near.mark(place && { ...place, unit: 0 });
    if (!size) return;
    const pixels = size[1] * size[2], numbers = shown.subarray(nearUnit() * pixels, (nearUnit() + 1) * pixels);
    numbers.shape = [1, size[1], size[2]];
    near.show(numbers);
  }

  return {
    element,
    pictures(numbers) {
      const pictured = numbers && numbers.shape.length === 3 && numbers.shape[1] * numbers.shape[2] === lab.hello.sizes[0];
      grid.element.hidden = near.element.hidden = !pictured;
      [size, shown] = pictured ? [numbers.shape, numbers] : [null, null];
      if (pictured) grid.show(numbers);
      mark();
    },
    probed(answer) {
      picked.first = answer;
      fields.first.show(answer, answer.parameters);
      samples.probed(answer);
      const facts = { iteration: count(answer.iteration), samples: count(answer.samples) };
      say(about, [lab.text("probe_about", facts), answer.decay > 0 ? lab.text("probe_decay") : ""].join(" ").trim());
      mark();
    },
    surface(answer) {
      picked.second = answer.other;
      fields.second.show(answer.other, lab.probedParameters);
      mark();
    },
  };
}

/** One of the two weights: whether the pictures pick it, its parameter, its place, and the steepest one. */
function weightFields(lab, group, which, on, choose) {
  const radio = h("input", { type: "radio", name: group, checked: which === "first", onchange: () => choose(which) });
  const parameter = h("select", { class: "quiet", "aria-label": lab.text("probe_parameter"),
    onchange: () => on.pick(which, { parameter: parameter.value }) });
  const [input, unit] = ["probe_input", "probe_unit"].map(key => h("input", { type: "number", min: 0, step: 1,
    "aria-label": lab.text(key), title: lab.text(key), onchange: () => picked() }));
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
        if (document.activeElement !== field || !field.matches(":focus-visible")) field.value = weight.index[k];
      });
    },
  };
}

function samplesField(lab, chosen) {
  const field = h("input", { type: "number", min: 1, step: 1, onchange: () => chosen(field.valueAsNumber) });
  return {
    element: h("label", {}, lab.text("probe_samples"), field),
    probed(answer) {
      field.max = answer.most_samples;
      if (document.activeElement !== field) field.value = answer.samples;
    },
  };
}
