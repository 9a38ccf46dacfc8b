// The hidden units as cells, coloured by their activity: one can be chosen, and switched off.

/** hooks: pick(layer, unit), toggle(layer, unit), isOff(layer, unit). Layers count from 1, units from 0. */
class Units {
  constructor(lab, hooks) {
    Object.assign(this, { lab, hooks, layers: [] });
    this.place = h("div", { class: "draw-layers" });
    this.allOn = h("button", { class: "quiet", disabled: true, onclick: () => hooks.allOn() }, lab.text("draw_all_on"));
    this.element = drawCard("draw-units", [h("h2", {}, lab.text("draw_hidden")), this.allOn], this.place,
      h("p", { class: "small muted" }, lab.text("draw_unit_keys")));
    lab.on("theme", () => this.layers.forEach(layer => layer.paint()));
  }

  show(answer, someOff) {
    this.allOn.disabled = !someOff;
    if (answer.layers.map(layer => layer.units).join() !== this.layers.map(layer => layer.units).join()) {
      this.layers = answer.layers.map((layer, k) => new Cells(this.lab, k + 1, layer, this.hooks));
      this.place.replaceChildren(...this.layers.map(layer => layer.element));
    }
    for (const layer of this.layers) {
      const chosen = answer.unit && !answer.unit.output && answer.unit.layer === layer.number ? answer.unit.unit : null;
      layer.show(answer.array(`activity${layer.number}`), chosen);
    }
  }
}

/** The cells of one layer. One of them is in the order of the Tab key; arrow keys go on from there. */
class Cells {
  constructor(lab, number, { units, shown }, hooks) {
    Object.assign(this, { lab, number, units, hooks, at: 0, activity: null, chosen: null });
    this.cells = Array.from({ length: shown }, (_, unit) =>
      h("button", { class: "draw-cell", tabindex: unit ? "-1" : "0", "aria-pressed": "false" }));
    this.grid = h("div", { class: "draw-cells", role: "group", "aria-label": lab.text("draw_layer", { layer: number }) }, ...this.cells);
    this.grid.addEventListener("click", event => this.clicked(event));
    this.grid.addEventListener("dblclick", event => this.isCell(event) && hooks.toggle(number, this.at));
    this.grid.addEventListener("keydown", event => this.pressed(event));
    const more = shown < units && h("p", { class: "small muted" }, lab.text("draw_more", { shown: count(shown), units: count(units) }));
    this.element = h("div", {}, h("h3", {}, lab.text("draw_layer", { layer: number })), this.grid, more);
  }

  isCell(event) {
    return event.target.classList.contains("draw-cell");
  }

  clicked(event) {
    if (this.isCell(event)) this.choose(this.cells.indexOf(event.target));
  }

  choose(unit) {
    this.cells[this.at].tabIndex = -1;
    this.at = unit;
    this.cells[unit].tabIndex = 0;
    this.cells[unit].focus({ preventScroll: true });
    this.hooks.pick(this.number, unit);
  }

  pressed(event) {
    const arrow = ARROWS[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Delete" || event.key === "Backspace") this.hooks.toggle(this.number, this.at);
    else if (arrow) this.step(arrow);
    else return;
    event.preventDefault();
  }

  step([down, right]) {
    const first = this.cells[0].offsetTop, inRow = this.cells.filter(cell => cell.offsetTop === first).length;
    const next = this.at + right + down * inRow;
    if (next >= 0 && next < this.cells.length) this.choose(next);
  }

  show(activity, chosen) {
    Object.assign(this, { activity, chosen });
    this.paint();
  }

  paint() {
    if (!this.activity) return;
    const most = furthest(this.activity) || 1, colours = weightColours(this.lab);
    this.cells.forEach((cell, unit) => {
      const off = this.hooks.isOff(this.number, unit), activity = this.activity[unit];
      const step = 3 * Math.max(0, Math.min(255, Math.round(127.5 + (127.5 * activity) / most)));
      cell.style.backgroundColor = off ? "" : `rgb(${colours[step]} ${colours[step + 1]} ${colours[step + 2]})`;
      cell.classList.toggle("off", off);
      cell.setAttribute("aria-pressed", unit === this.chosen);
      const told = this.lab.text(off ? "draw_cell_off" : "draw_cell", { unit, activity: short(activity, 4) });
      if (cell.title === told) return;
      cell.title = told;
      cell.setAttribute("aria-label", told);
    });
  }
}
