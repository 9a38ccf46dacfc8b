// A learner's own lines, with what was found about each beside it.

/** Letters of a line that are shown: data on one line must not hide all the others. */
const LONGEST_LINE = 600;

/** The card: `goTo(k)` shows the k-th finding, and gives it the focus. */
function ownSource(lab) {
  const lines = h("div", { class: "lines" }), name = h("h2", {});
  const box = h("div", { class: "scroll source", tabindex: "0", role: "group" }, lines);
  const around = h("div", { class: "notes" });
  const element = h("section", { class: "card script" }, h("header", {}, name), around, box);
  let rows = new Map(), shown = null, told = "", notes = [], touched = false;
  for (const event of ["wheel", "pointerdown", "keydown"]) {
    box.addEventListener(event, () => { touched = true; }, { passive: true });
  }

  function showScript(script) {
    const key = JSON.stringify(script ?? null);
    if (key === shown) return false;
    shown = key;
    element.hidden = !script?.lines.length;
    if (!script) return true;
    say(name, script.name);
    element.setAttribute("aria-label", script.name);
    box.setAttribute("aria-label", lab.text("script_lines", { name: script.name }));
    rows = new Map();
    lines.replaceChildren(...sourceLines(script.lines, rows));
    return true;
  }

  function showFindings(found) {
    for (const note of notes) note.remove();
    for (const row of lines.querySelectorAll("[data-found]")) row.removeAttribute("data-found");
    notes = found.map(findingNote);
    found.forEach((finding, k) => {
      const row = rows.get(placeOf(finding.cell, finding.line));
      row?.setAttribute("data-found", "");
      if (row) lastNoteOf(row).after(notes[k]);
      else around.append(notes[k]);
    });
    element.hidden = element.hidden && !notes.length;
  }

  function scrollTo(note) {
    const line = note.previousElementSibling?.closest(".line") ?? note;
    box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 4;
  }

  return {
    element,
    goTo(k) {
      touched = true;
      scrollTo(notes[k]);
      notes[k].scrollIntoView({ block: "nearest" });
      notes[k].focus({ preventScroll: true });
    },
    /** Whoever reads in it already is not moved on. */
    paint({ script_findings: found = [] }) {
      const anew = showScript(lab.hello.script), key = JSON.stringify(found);
      if (!anew && key === told) return;
      told = key;
      showFindings(found);
      const first = notes.find(note => lines.contains(note));
      if (first && !touched) scrollTo(first);
    },
  };
}

function placeOf(cell, line) {
  return JSON.stringify([cell ?? null, line ?? null]);
}

/** As findings in a notebook or a terminal write it; "" where it is about no line. */
function placeShown(script, { cell, line }) {
  if (line == null) return "";
  return `${cell == null ? script?.name ?? "" : cellShown(cell)}:${line}`;
}

function cellShown(cell) {
  return `In[${cell}]`;
}

/** Several findings on one line stand below each other. */
function lastNoteOf(row) {
  let last = row;
  while (last.nextElementSibling?.matches(".found")) last = last.nextElementSibling;
  return last;
}

/** The lines as elements, each cell below its number; `rows` gets each line by its place. */
function sourceLines(lines, rows) {
  let before = null;
  return lines.flatMap(({ cell = null, number, text }) => {
    const head = cell === before || cell === null ? [] : [h("h3", { class: "cell" }, cellShown(cell))];
    before = cell;
    const code = h("code", { style: `--indent: ${text.length - text.trimStart().length}ch` }, shortened(text));
    const row = h("div", { class: "line" }, h("span", { class: "number" }, String(number)), code);
    rows.set(placeOf(cell, number), row);
    return [...head, row];
  });
}

function shortened(text) {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}

function findingNote({ title, text, remedy }) {
  return h("div", { class: "found", role: "note", tabindex: "0", "aria-label": title }, h("strong", {}, title),
    text ? h("p", {}, text) : null, remedy ? h("p", {}, remedy) : null);
}
