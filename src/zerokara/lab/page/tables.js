// Tables, and the twins of pictures: what a canvas shows, as a table.

/** A table: head is a list of texts, rows a list of lists; the first cell of a row is its head. */
function table(caption, head, rows) {
  const [first, ...others] = [caption && h("caption", {}, caption), headRow(head)];
  return h("table", {}, first, ...others, h("tbody", {}, ...rows.map(row => tableRow(row))));
}

function headRow(head) {
  return h("thead", {}, h("tr", {}, ...head.map(text => h("th", { scope: "col" }, text))));
}

function tableRow([first, ...cells]) {
  return h("tr", {}, h("th", { scope: "row" }, first), ...cells.map(cell => h("td", {}, cell)));
}

/**
 * The twin of a canvas: a table below it, made by `make()` only while it is open. Call `refresh` of what is returned
 * when there are other numbers.
 */
function twin(lab, make) {
  const place = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": lab.text("as_table") });
  const element = h("details", { class: "twin" }, h("summary", {}, lab.text("as_table")), place);
  let last = -Infinity;
  const refresh = (now = performance.now()) => {
    if (!element.open || now < last + 1000) return;
    last = now;
    place.replaceChildren(make());
  };
  element.addEventListener("toggle", () => refresh(Infinity));
  return { element, refresh };
}

/** At most `most` of the numbers 0 … n-1, evenly spread, with the last. */
function spread(n, most) {
  if (n <= most) return Array.from({ length: n }, (_, k) => k);
  return Array.from({ length: most }, (_, k) => Math.round((k * (n - 1)) / (most - 1)));
}
