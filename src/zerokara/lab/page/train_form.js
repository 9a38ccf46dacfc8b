// The tab Train: the recipe as a form, and as what can be copied.

/** The form: `values()` are the texts in it, by the name of their field. */
function recipeForm(lab) {
  const fields = new Map(lab.hello.form.map(field => [field.name, recipeField(lab, field)]));
  const tables = Map.groupBy(lab.hello.form, field => field.table);
  const groups = [...tables].map(([name, members]) => h("fieldset", {}, h("legend", {}, lab.text(`table_${name}`)),
    ...members.map(field => fields.get(field.name).element)));
  const command = copyable(lab, "command"), toml = copyable(lab, "toml");
  const other = h("p", { class: "error", role: "status" });
  const summary = h("code", { class: "command" });
  const values = () => Object.fromEntries([...fields].map(([name, field]) => [name, field.input.value.trim()]));
  const element = h("details", { class: "recipe" },
    h("summary", {}, h("h2", {}, lab.text("recipe")), summary),
    h("p", { class: "muted small" }, lab.text("recipe_help")),
    h("form", { novalidate: true, onsubmit: event => event.preventDefault() }, ...groups),
    other,
    h("button", { onclick: () => lab.request("start", { values: values() }) }, lab.text("start_recipe")),
    h("div", { class: "copies" }, command.element, toml.element));
  let shown = null;

  function show({ command: line, toml: text, errors }) {
    say(summary, line);
    command.show(line);
    toml.show(text);
    for (const [name, field] of fields) field.refuse(errors[name] ?? "");
    say(other, errors[""] ?? "");
    element.toggleAttribute("data-wrong", Object.keys(errors).length > 0);
  }

  const check = settled(async () => {
    const answer = await lab.request("recipe", { values: values() });
    if (answer) show(answer);
  }, 200);
  for (const field of fields.values()) field.input.addEventListener("input", check);

  return {
    element, values,
    paint() {
      if (shown === lab.hello) return;
      shown = lab.hello;
      for (const { name, value } of shown.form) fields.get(name)?.set(value);
      show(shown.recipe);
    },
  };
}

const INPUT_MODES = { whole: "numeric", number: "decimal" };

/** A field: its name as a recipe has it, its help, and what Python says about what is in it. */
function recipeField(lab, { name, help, kind, choices, default: usual, resolved }) {
  const [id, helpId, errorId] = [ownId(), ownId(), ownId()];
  const attributes = { id, name, title: help, "aria-describedby": `${helpId} ${errorId}` };
  const input = kind === "choice" ? choiceInput(attributes, usual ? choices : ["", ...choices])
    : h("input", { ...attributes, type: "text", inputmode: INPUT_MODES[kind] ?? "text", placeholder: resolved,
      autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const error = h("p", { class: "error", id: errorId, role: "status" });
  const element = h("div", { class: "field" }, h("label", { for: id, title: help }, h("code", {}, name)), input,
    suggestions(input, choices, kind),
    h("p", { class: "help", id: helpId }, help), error);
  return {
    input, element,
    set: value => { input.value = value ?? ""; },
    refuse(text) {
      say(error, text);
      input.setAttribute("aria-invalid", Boolean(text));
    },
  };
}

/** One of several, or none of them: then it is what fits the other fields. */
function choiceInput(attributes, choices) {
  return h("select", attributes, ...choices.map(choice => h("option", { value: choice }, choice || "–")));
}

/** Names that a text field takes besides others. */
function suggestions(input, choices, kind) {
  if (kind === "choice" || !choices.length) return null;
  const id = ownId();
  input.setAttribute("list", id);
  return h("datalist", { id }, ...choices.map(choice => h("option", { value: choice })));
}

/** Text that can be copied by one click. */
function copyable(lab, name) {
  const text = h("pre", { tabindex: "0", "aria-label": lab.text(name) });
  const button = h("button", { class: "quiet", onclick: async () => {
    say(button, lab.text((await copied(text)) ? "copied" : "copy"));
    setTimeout(() => say(button, lab.text("copy")), 2000);
  } }, lab.text("copy"));
  const element = h("div", { class: "copyable" }, h("header", {}, h("h3", {}, lab.text(name)), button), text);
  return { element, show: shown => say(text, shown ?? "") };
}

/** Copy what an element says; where that is not allowed, select it, so that a key can. */
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}
