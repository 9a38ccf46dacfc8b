// The tab Train: what the network looks for, what it mixes up, and what it misreads.

/** The weights of the first layer, one picture a hidden unit. */
function weightPictures(lab) {
  const each = switchButton({ title: lab.text("each_scale_help") }, lab.text("each_scale"), () => grid.repaint());
  const grid = pictureGrid(lab, { label: lab.text("weights_label"), each: () => each.on });
  const more = h("p", { class: "muted small" });
  let numbers = null;
  const asTable = twin(lab, () => weightSummary(lab, numbers));
  return {
    each,
    element: card("weights", lab.text("weights_title"), each.element, grid.element,
      h("div", { class: "below" }, weightLegend(lab), more), asTable.element),
    paint(content) {
      numbers = content.array("W1");
      grid.show(numbers);
      const { units, shown } = content.W1;
      say(more, units > shown ? lab.text("first_units", { n: count(shown), all: count(units) }) : "");
      asTable.refresh();
    },
  };
}

/** Which colour means what. */
function weightLegend(lab) {
  return h("p", { class: "weight-legend small muted" }, h("span", {}, lab.text("against")),
    h("span", { class: "ramp", "aria-hidden": "true" }), h("span", {}, lab.text("in_favour")));
}

/** For each unit its smallest and largest weight, and how large they are together. */
function weightSummary(lab, numbers) {
  const [units, rows, columns] = numbers.shape, size = rows * columns;
  const summary = Array.from({ length: units }, (_, k) => {
    const own = numbers.subarray(k * size, (k + 1) * size);
    return [count(k), short(own.reduce((a, b) => Math.min(a, b))), short(own.reduce((a, b) => Math.max(a, b))),
      short(Math.sqrt(own.reduce((sum, w) => sum + w * w, 0)))];
  });
  return table(lab.text("weights_title"), ["unit", "smallest", "largest", "norm"].map(key => lab.text(key)), summary);
}

/** How often which class was taken for which. */
function confusionTable(lab) {
  const names = lab.hello.class_names ?? [];
  const cells = names.map(() => names.map(() => h("td", {})));
  const head = h("tr", {}, h("th", { scope: "col" }, ""), ...names.map(name => h("th", { scope: "col" }, name)));
  const body = cells.map((row, k) => h("tr", {}, h("th", { scope: "row" }, names[k]), ...row));
  const grid = h("table", { class: "confusion" }, h("caption", { class: "unseen" }, lab.text("confusion_help")),
    h("thead", {}, head), h("tbody", {}, ...body));
  const none = h("p", { class: "muted small" }, lab.text("not_evaluated"));
  grid.hidden = true;
  return {
    element: card("mixed", lab.text("confusion_title"), h("span", { class: "muted small" }, lab.text("confusion_axes")),
      none, h("div", { class: "scroll" }, grid)),
    forget() {
      none.hidden = false;
      grid.hidden = true;
    },
    paint(content) {
      const counts = content.array("confusion");
      none.hidden = true;
      grid.hidden = false;
      cells.forEach((row, k) => showRow(row, counts.subarray(k * names.length, (k + 1) * names.length), k));
    },
  };
}

function showRow(cells, counts, own) {
  const all = counts.reduce((sum, n) => sum + n, 0) || 1;
  cells.forEach((cell, k) => {
    const share = counts[k] / all;
    say(cell, counts[k] ? count(counts[k]) : "");
    const strength = k === own ? share * 0.65 : Math.min(0.9, share * 12);
    const colour = counts[k] ? `rgba(var(--${k === own ? "right" : "wrong"}), ${strength.toFixed(3)})` : "";
    if (cell.dataset.colour !== colour) cell.style.background = cell.dataset.colour = colour;
  });
}

/** The test samples that it is most certain about, and wrong. */
function misreadPictures(lab) {
  const list = h("ol", { class: "misread" });
  const none = h("p", { class: "muted small" }, lab.text("not_evaluated"));
  let shown = null;
  const repaint = () => {
    if (!shown) return;
    const pixels = shown.array("misread"), [n, rows, columns] = pixels.shape, size = rows * columns;
    while (list.children.length > n) list.lastChild.remove();
    while (list.children.length < n) list.append(misreadItem());
    for (let k = 0; k < n; k++) {
      showMisread(lab, list.children[k], shown.misread[k], pixels.subarray(k * size, (k + 1) * size), [rows, columns]);
    }
  };
  lab.on("theme", repaint);
  return {
    element: card("misread-card", lab.text("misread_title"),
      h("span", { class: "muted small" }, lab.text("misread_axes")),
      none, list),
    forget() {
      shown = null;
      list.replaceChildren();
      say(none, lab.text("not_evaluated"));
      none.hidden = false;
    },
    paint(content) {
      shown = content;
      const right = !content.misread.length && content.evaluation?.test_accuracy === 1;
      say(none, right ? lab.text("none_misread") : ""); // one that diverged answers nothing at all
      none.hidden = !right;
      repaint();
    },
  };
}

function misreadItem() {
  return h("li", {}, h("canvas", { role: "img" }), h("span", {}), h("small", {}));
}

function showMisread(lab, item, { index, label, answer, certainty }, pixels, shape) {
  const [canvas, names, sure] = item.children, [meant, read] = [label, answer].map(k => lab.hello.class_names?.[k] ?? k);
  const facts = { index: String(index), label: meant, answer: read, certainty: percent(certainty) };
  const told = lab.text("misread_one", facts);
  paintInk(lab, canvas, pixels, shape, 255);
  canvas.setAttribute("aria-label", told);
  item.title = told;
  say(names, `${meant} → ${read}`);
  say(sure, percent(certainty));
}
