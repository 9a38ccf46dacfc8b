// One stage: what happens, its formula, the numbers of what is chosen, and the arrays as pictures or as a table.

/** hooks: go(stage), step(by), choose(axis, index). */
class StepStage {
  constructor(lab, hooks) {
    Object.assign(this, { lab, hooks, panels: [], laid: "", answer: null });
    this.back = h("button", { onclick: () => hooks.step(-1) }, `← ${lab.text("step_before")}`);
    this.next = h("button", { class: "main", onclick: () => hooks.step(1) }, `${lab.text("step_next")} →`);
    this.count = h("span", { class: "muted number" });
    this.says = h("p", { class: "step-says", id: ownId() });
    this.formulas = h("div", { class: "step-formulas" });
    this.shapes = h("p", { class: "step-shapes small muted number" });
    this.lines = h("div", { class: "step-lines number" });
    this.body = h("div", { class: "step-body" });
    this.table = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": this.says.id });
    this.keys = h("p", { class: "small muted" }, lab.text("step_keys"));
    this.twin = twin(lab, () => this.tables());
    this.element = h("section", { class: "card step-stage" },
      h("header", {}, this.back, this.count, this.next), this.says, this.formulas, this.shapes, this.lines, this.body, this.table,
      this.keys, this.twin.element);
    lab.on("theme", () => this.answer && this.paint(this.answer));
  }

  show(answer) {
    const { lab } = this, at = answer.stages.indexOf(answer.stage), total = answer.stages.length;
    this.answer = answer;
    this.back.disabled = at === 0;
    this.next.disabled = at === total - 1;
    say(this.count, lab.text("step_of", { n: at + 1, total }));
    say(this.says, lab.text(`step_says_${answer.says}`, answer.facts));
    this.formulas.replaceChildren(...answer.formulas.map(text => h("p", {}, ...formulaNodes(text, (term, nodes) => this.term(term, nodes)))));
    this.shapes.replaceChildren(...formulaNodes(answer.shapes));
    this.lines.replaceChildren(...answer.lines.map(text => h("p", {}, ...formulaNodes(text))));
    this.lay(answer.items);
    this.paint(answer);
    this.keys.hidden = this.twin.element.hidden = !this.panels.length;
    this.table.hidden = !answer.table;
    this.table.replaceChildren(...(answer.table ? [stepTable(answer, this.hooks.choose)] : []));
    this.twin.refresh();
  }

  /** A term of the formula leads to where it comes from. */
  term(term, nodes) {
    const home = homeOf(term, this.answer.stages);
    if (!term || !home) return termSpan(term, nodes);
    return h("button", { class: "term", "data-terms": term, onclick: () => this.hooks.go(home) }, ...nodes);
  }

  /** Panels stay while they show the same arrays: one of them may have the focus. */
  lay(items) {
    const laid = JSON.stringify(items.map(({ array, axis, sign, break: line }) => [array, axis, sign, line, this.answer.stage]));
    if (laid === this.laid) return;
    this.laid = laid;
    const choose = (axis, index) => this.hooks.choose(axis, index), rows = [[]];
    this.panels = items.filter(item => item.array).map(() => new NumberPicture(this.lab, choose));
    this.numbers = [];
    let next = 0;
    for (const item of items) {
      if (item.break) rows.push([]);
      else if (item.array) rows.at(-1).push(this.panels[next++].element);
      else rows.at(-1).push(this.sign(item));
    }
    this.body.replaceChildren(...rows.map(row => h("div", { class: "step-items" }, ...row)));
  }

  sign({ sign, number }) {
    const element = h("span", { class: "sign" }, ...(sign ? indexed(sign) : []));
    if (number) this.numbers.push(element);
    return element;
  }

  paint(answer) {
    const shown = answer.items.filter(item => item.array), lab = this.lab;
    const arrays = shown.map(item => answer.array(item.array));
    const common = Math.max(0, ...shown.map((item, k) => (item.scale ? furthestFinite(arrays[k]) : 0)));
    const names = index => lab.hello.class_names[index], last = answer.chosen.length - 1;
    shown.forEach((item, k) => this.panels[k].show(item, arrays[k], {
      chosen: answer.chosen[item.axis], range: answer.range, most: item.scale ? common : undefined,
      name: item.axis === last ? names : () => null,
    }));
    const numbers = answer.items.filter(item => item.number);
    numbers.forEach(({ number }, k) => this.numbers[k].replaceChildren(...formulaNodes(number)));
  }

  /** All that the panels show, as tables. */
  tables() {
    return h("div", {}, ...this.panels.map(({ item, numbers }) =>
      h("div", {}, h("p", {}, ...formulaNodes(item.title)), numbersTable(numbers, tableShape(numbers.shape), 4))));
  }
}

/** The stage where a term is computed; null where there is none. */
function homeOf(term, stages) {
  const [, kind, number] = /^(\D*)(\d*)$/.exec(term);
  const home = { t: "L", W: `a${number}`, b: `a${number}`, db: `dW${number}`, nb: `nW${number}`, f: `d${number}` }[kind] ?? term;
  return stages.includes(home) ? home : null;
}

/** Numbers of each class, or of what is chosen, as Python printed them. */
function stepTable({ table: { columns, rows, rest }, chosen }, choose) {
  const heads = columns.map(({ term, head }) => h("th", { scope: "col", "data-terms": term || null }, ...formulaNodes(head)));
  const cell = (text, row, column) => {
    const share = column.bars?.[row];
    return h("td", { "data-terms": column.term || null, class: share == null ? null : "bar", style: share == null ? null : `--share: ${share}` }, text);
  };
  const body = rows.map((row, k) => {
    const isChosen = row.index !== undefined && row.index === chosen.at(-1);
    const head = row.title ? formulaNodes(row.title)
      : [h("button", { class: "quiet", title: row.name, "aria-pressed": String(isChosen), onclick: () => choose(chosen.length - 1, row.index) }, row.name)];
    return h("tr", { class: isChosen ? "chosen" : null }, h("th", { scope: "row" }, ...head),
      ...columns.map((column, at) => cell(row.cells[at], k, column)));
  });
  const shown = h("table", {}, h("thead", {}, h("tr", {}, h("td", {}), ...heads)), h("tbody", {}, ...body));
  return h("div", {}, shown, rest && h("p", { class: "small muted" }, rest));
}
