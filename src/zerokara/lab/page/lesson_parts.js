// What the strip of a lesson shows: the list of lessons, a step, its prediction, what came, and the record of both.

/** Paragraphs of a text, in which `code` and **strong** words are marked. */
function paragraphs(text) {
  return text.split(/\n\s*\n/).filter(part => part.trim()).map(part => h("p", {}, ...marked(part.trim())));
}

function marked(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map(piece => {
    if (piece.startsWith("`") && piece.length > 1) return h("code", {}, piece.slice(1, -1));
    if (piece.startsWith("**") && piece.length > 3) return h("strong", {}, piece.slice(2, -2));
    return piece;
  });
}

/** All lessons to choose from; of those that were left, where. */
function lessonList(lab, lessons, kept, begin) {
  const entry = ({ name, title, steps }) => h("li", {}, h("button", { onclick: () => begin(name) }, title,
    kept.has(name) && h("span", { class: "muted small" }, lab.text("lesson_step", { n: kept.get(name).at + 1, all: steps }))));
  return [h("h2", { tabindex: -1 }, lab.text("lessons")), h("p", { class: "muted" }, lab.text("lessons_help")),
    h("ol", { class: "lesson-list" }, ...lessons.map(entry))];
}

/** A step: its text, what is asked, and the button that goes on with {name, text} of the prediction, or null. */
function lessonStep(lab, step, go) {
  const asked = { choice: lessonChoices, number: lessonNumber }[step.kind]?.(lab, step, ready => { button.disabled = !ready(); });
  const label = !asked && !step.doing ? "lesson_next" : step.doing ? "lesson_try" : "lesson_show";
  const button = h("button", { class: "main", disabled: Boolean(asked) }, lab.text(label));
  const form = h("form", { novalidate: true, onsubmit: event => {
    event.preventDefault();
    if (!button.disabled) go(asked?.value() ?? null);
  } }, asked?.element, button);
  return [h("div", { class: "lesson-text", tabindex: -1 }, ...paragraphs(step.text)), form];
}

/** Large buttons, one of which can be chosen. changed(ready) is called with whether there is a prediction. */
function lessonChoices(lab, { question, choices }, changed) {
  const name = ownId();
  const inputs = choices.map(choice => h("input", { type: "radio", name, value: choice.name, onchange: () => changed(() => true) }));
  const chosen = () => inputs.findIndex(input => input.checked);
  return {
    element: h("fieldset", {}, h("legend", {}, ...marked(question)), h("div", { class: "lesson-choices" },
      ...choices.map((choice, k) => h("label", {}, inputs[k], h("span", {}, ...marked(choice.text)))))),
    value: () => choices[chosen()],
  };
}

/** A field for a number. */
function lessonNumber(lab, { question }, changed) {
  const id = ownId();
  const input = h("input", { type: "number", step: "any", "aria-label": lab.text("lesson_guess"), "aria-describedby": id,
    oninput: () => changed(() => Number.isFinite(input.valueAsNumber)) });
  return {
    element: h("fieldset", {}, h("legend", { id }, ...marked(question)), input),
    value: () => ({ name: input.valueAsNumber, text: input.value }),
  };
}

/** What is to be done in the lab now. */
function lessonAct(lab, { doing }) {
  return [h("h3", { tabindex: -1 }, lab.text("lesson_act")), ...paragraphs(doing)];
}

function lessonCame(lab, { text }, next) {
  return [h("h3", { tabindex: -1 }, lab.text("lesson_came")), ...paragraphs(text),
    h("button", { class: "main", onclick: next }, lab.text("lesson_next"))];
}

function lessonEnd(lab, again, others, leave) {
  const button = (key, onclick, look) => h("button", { class: look, onclick }, lab.text(key));
  return [h("h3", { tabindex: -1 }, lab.text("lesson_over")), h("div", { class: "row" },
    button("lesson_others", others, "main"), button("lesson_again", again), button("lesson_leave", leave))];
}

/** What was predicted, and what came, step by step. */
function lessonRecord(lab, { record }) {
  const rows = record.map(({ predicted, came }, k) => predicted && [k + 1, predicted.text, came ?? "…"]).filter(Boolean);
  if (!rows.length) return "";
  const head = ["", lab.text("lesson_predicted"), lab.text("lesson_came")];
  return h("div", { class: "lesson-record" }, table(lab.text("lesson_record"), head, rows));
}
