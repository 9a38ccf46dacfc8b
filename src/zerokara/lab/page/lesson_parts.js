// What the strip of a lesson shows: the list of lessons, a step, its prediction, what came, and the record of both.

/** Paragraphs of a text; a line break within one is a space. */
function paragraphs(text) {
  return text.split(/\n\s*\n/).filter(part => part.trim()).map(part => h("p", {}, part.trim()));
}

/** What one reads next: the focus goes there. */
function lessonTitle(text) {
  return h("h3", { tabindex: -1 }, text);
}

/** All lessons to choose from; of those that were left, where. */
function lessonList(lab, { lessons, problems }, kept, begin) {
  const left = name => kept.has(name) && h("span", { class: "muted small" },
    lab.text("lesson_left", { n: kept.get(name).at + 1 }));
  const entry = ({ name, title, about }) => h("li", {}, h("button", { onclick: () => begin(name) },
    h("b", {}, title), h("span", { class: "muted small" }, about), left(name)));
  return [h("p", { class: "muted", tabindex: -1 }, lab.text("lessons_help")),
    h("ul", { class: "lesson-list" }, ...lessons.map(entry)), ...problems.map(problem => h("p", { class: "problem" }, problem))];
}

/** A step: its text, what is asked, and the button that goes on with {value, text} of the prediction, or null. */
function lessonStep(lab, step, go) {
  const asked = step.predict && lessonQuestionOf(lab, step.predict, ready => { button.disabled = !ready; });
  const label = step.action ? "lesson_try" : asked || step.shows ? "lesson_show" : "lesson_next";
  const button = h("button", { class: "main", disabled: Boolean(asked) }, lab.text(label));
  const form = h("form", { novalidate: true, onsubmit: event => {
    event.preventDefault();
    button.disabled = true;
    go(asked?.value() ?? null);
  } }, asked?.element, button);
  return [h("div", { class: "lesson-text", tabindex: -1 }, ...paragraphs(step.text)), form];
}

function lessonQuestionOf(lab, predict, changed) {
  return predict.choices ? lessonChoices(predict, changed) : lessonNumber(lab, predict, changed);
}

/** Large buttons, one of which can be chosen. changed(ready): whether there is a prediction. */
function lessonChoices({ question, choices }, changed) {
  const name = ownId();
  const inputs = choices.map(choice => h("input", { type: "radio", name, value: choice.name, onchange: () => changed(true) }));
  const chosen = () => choices[inputs.findIndex(input => input.checked)];
  return {
    element: h("fieldset", {}, h("legend", {}, question), h("div", { class: "lesson-choices" },
      ...choices.map((choice, k) => h("label", {}, inputs[k], choice.text)))),
    value: () => ({ value: chosen().name, text: chosen().text }),
  };
}

/** A field for a number. */
function lessonNumber(lab, { question, unit }, changed) {
  const id = ownId();
  const input = h("input", { type: "number", step: "any", "aria-label": lab.text("lesson_guess"), "aria-describedby": id,
    oninput: () => changed(Number.isFinite(input.valueAsNumber)) });
  return {
    element: h("fieldset", {}, h("legend", { id }, question), h("div", {}, input, unit && ` ${unit}`)),
    value: () => ({ value: input.valueAsNumber, text: `${input.value}${unit}` }),
  };
}

/** What is to be done in the lab now. */
function lessonAct(lab, step) {
  return [lessonTitle(lab.text("lesson_act")), ...step.predict ? [] : paragraphs(step.text),
    h("p", { class: "lesson-action" }, step.action)];
}

function lessonCame(lab, text, next) {
  return [lessonTitle(lab.text("lesson_came")), ...paragraphs(text),
    h("button", { class: "main", onclick: next }, lab.text("lesson_next"))];
}

function lessonEnd(lab, again, others, leave) {
  const button = (key, onclick, look) => h("button", { class: look, onclick }, lab.text(key));
  return [lessonTitle(lab.text("lesson_over")), h("div", { class: "row" },
    button("lesson_others", others, "main"), button("lesson_again", again), button("lesson_leave", leave))];
}

/** Something is lost by going on: whether that is agreed to. */
function lessonQuestion(lab, question, agree, leave) {
  return [h("p", { tabindex: -1 }, question), h("div", { class: "row" },
    h("button", { class: "main", onclick: agree }, lab.text("lesson_agree")),
    h("button", { onclick: leave }, lab.text("lesson_leave")))];
}

/** Why it does not go on. */
function lessonStuck(text, again) {
  return [h("p", { class: "problem", tabindex: -1, hidden: !text }, text), again];
}

/** What was predicted, and what came, step by step. */
function lessonRecord(lab, record) {
  const rows = record.map(({ predicted, came, right }, k) =>
    predicted && [k + 1, predicted, h("span", { class: right ? "right" : "" }, came)]).filter(Boolean);
  if (!rows.length) return null;
  const head = ["", lab.text("lesson_predicted"), lab.text("lesson_came")];
  return h("div", { class: "lesson-record" }, table(lab.text("lesson_record"), head, rows));
}
