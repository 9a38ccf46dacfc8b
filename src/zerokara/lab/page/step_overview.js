// The overview: the network from the picture to the loss and back, each array in its place; the stage one is at.

/** go(stage) is called with the one that is clicked. */
class StepOverview {
  constructor(lab, go) {
    Object.assign(this, { lab, go, cells: [], drawn: "" });
    this.grid = h("div", { class: "step-grid" });
    this.element = h("nav", { class: "step-overview", "aria-label": lab.text("step_places") }, this.grid);
  }

  show(answer) {
    const drawn = JSON.stringify(answer.cells.map(({ text, ...cell }) => cell));
    if (drawn !== this.drawn) this.build(answer.cells);
    this.drawn = drawn;
    answer.cells.forEach((cell, k) => this.paint(this.cells[k], cell, answer));
  }

  build(cells) {
    const columns = Math.max(...cells.map(cell => cell.column)) + 1;
    this.grid.style.setProperty("--columns", columns);
    this.cells = cells.map(cell => stepCell(cell, () => this.go(cell.stage)));
    const named = ["step_forward", "step_backward", "step_update"].slice(0, Math.max(...cells.map(cell => cell.row)));
    const heads = named.map((key, k) => h("span", { class: "step-row", style: `grid-row: ${k + 1}` }, this.lab.text(key)));
    this.grid.replaceChildren(...heads, ...this.cells.map(cell => cell.element));
  }

  paint(parts, cell, answer) {
    const isHere = cell.stage === answer.stage && cell.terms[0] !== "t" && !(cell.row === 1 && /^W/.test(cell.terms[0]));
    const { element, canvas, text } = parts;
    if (cell.array) paintArray(this.lab, canvas, answer.array(cell.array), { ink: cell.array === "x", range: answer.range });
    else say(text, cell.text);
    if (isHere && !element.hasAttribute("aria-current")) this.reveal(element);
    if (isHere) element.setAttribute("aria-current", "step");
    else element.removeAttribute("aria-current");
    element.tabIndex = isHere ? 0 : -1;
  }

  /** Have a place seen where the network is wider than the page; without moving the page itself. */
  reveal(element) {
    const { grid } = this, middle = element.offsetLeft + element.offsetWidth / 2;
    grid.scrollLeft = middle - grid.clientWidth / 2;
  }

  /** The place of the stage that one is at takes the focus, if another place has it. */
  follow() {
    if (this.grid.contains(this.grid.getRootNode().activeElement)) this.grid.querySelector("[aria-current]")?.focus();
  }
}

function stepCell(cell, clicked) {
  const canvas = h("canvas", { "aria-hidden": "true", hidden: !cell.array }), text = h("span", { class: "number", hidden: Boolean(cell.array) });
  const label = h("span", { class: "name" }, ...formulaNodes(cell.label, (_, nodes) => h("span", {}, ...nodes)));
  const element = h("button", { class: "step-cell", "data-terms": cell.terms.join(" "), "data-stage": cell.stage,
    style: `grid-row: ${cell.row}; grid-column: ${cell.column + 2}`, onclick: clicked }, canvas, text, label);
  return { element, canvas, text };
}
