// A sheet of cells that is drawn on by mouse, pen and finger, or by a cursor that arrow keys move.

/**
 * The canvas of a drawing and its cursor. Places are [x, y] in cells, from the upper left corner.
 *
 * hooks: begin(erasing), line(from, to) between two places, end(); press() what Space does at the cursor, moved(cursor),
 * undo(), clear(), key(event) → whether it was used.
 */
class Sheet {
  constructor({ width, height, rows, columns, label, description, hooks }) {
    Object.assign(this, { rows, columns, hooks, pointer: null, cursor: { row: rows >> 1, column: columns >> 1 } });
    this.canvas = h("canvas", {
      width, height, tabindex: "0", role: "application", "aria-label": label, "aria-describedby": description,
    });
    this.mark = h("div", { class: "draw-cursor", "aria-hidden": "true" });
    const style = `aspect-ratio: ${columns} / ${rows}; max-width: ${24 * Math.min(1, columns / rows)}em`;
    this.element = h("div", { class: "draw-sheet", style }, this.canvas, this.mark);
    this.canvas.addEventListener("pointerdown", event => this.touched(event));
    this.canvas.addEventListener("pointermove", event => this.dragged(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, event => this.lifted(event));
    }
    this.canvas.addEventListener("keydown", event => this.pressed(event));
    this.show();
  }

  /** Where the pointer is. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.columns,
      ((event.clientY - box.top) / box.height) * this.rows,
    ];
  }

  touched(event) {
    if (event.button > 0 && event.button !== ERASER_BUTTON) return;
    event.preventDefault();
    if (this.pointer !== null) return; // a second finger
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.last = this.at(event);
    this.moveTo(...this.last);
    this.hooks.begin(event.button === ERASER_BUTTON);
    this.hooks.line(this.last, this.last);
  }

  dragged(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const place = this.at(one);
      this.hooks.line(this.last, place);
      this.last = place;
    }
  }

  lifted(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.moveTo(...this.last);
    this.hooks.end();
  }

  pressed(event) {
    const arrow = ARROWS[event.key], control = event.ctrlKey || event.metaKey;
    if (event.altKey || (control && event.key !== "z")) return;
    if (arrow) this.step(arrow, event.shiftKey);
    else if (event.key === " ") this.hooks.press();
    else if (control) this.hooks.undo();
    else if (event.key === "Delete" || event.key === "Backspace") this.hooks.clear();
    else if (!this.hooks.key?.(event)) return;
    event.preventDefault();
  }

  /** Move the cursor by a cell, with the pen on the paper or above it. */
  step([down, right], drawing) {
    const from = this.middle;
    this.moveTo(this.cursor.column + right, this.cursor.row + down);
    if (!drawing) return;
    this.hooks.begin(false);
    this.hooks.line(from, this.middle);
    this.hooks.end();
  }

  moveTo(x, y) {
    this.cursor.column = Math.max(0, Math.min(this.columns - 1, Math.floor(x)));
    this.cursor.row = Math.max(0, Math.min(this.rows - 1, Math.floor(y)));
    this.show();
    this.hooks.moved?.(this.cursor);
  }

  /** The place that the cursor is at. */
  get middle() {
    return [this.cursor.column + 0.5, this.cursor.row + 0.5];
  }

  show() {
    const { row, column } = this.cursor, style = this.mark.style;
    style.left = `${(column / this.columns) * 100}%`;
    style.top = `${(row / this.rows) * 100}%`;
    style.width = `${100 / this.columns}%`;
    style.height = `${100 / this.rows}%`;
  }
}

const ERASER_BUTTON = 5; // of a pen that is turned round
