// The tab Train: how large weights, gradients and updates are, and what the doctor finds.

/** One line a parameter, with bars; and the findings below. */
function layerTable(lab) {
  const body = h("tbody", {}), findings = h("ul", { class: "findings" });
  const healthy = h("p", { class: "muted small" });
  const names = ["weights", "gradient", "last_update", "ratio"].map(key => h("th", { scope: "col" }, lab.text(key)));
  const head = [h("th", { scope: "col" }, h("span", { class: "unseen" }, lab.text("parameter"))), ...names];
  const sizes = h("table", { class: "sizes" }, h("caption", { class: "unseen" }, lab.text("sizes_title")),
    h("thead", {}, h("tr", {}, ...head)), body);
  let told = "";
  return {
    element: card("layers", lab.text("sizes_title"), [], h("div", { class: "scroll" }, sizes),
      h("div", { hidden: !lab.hello.steerable }, h("h3", {}, lab.text("findings_title")), healthy, findings)),
    paint({ layers = [], findings: found = [], verdict = "" }) {
      while (body.children.length > layers.length) body.lastChild.remove();
      while (body.children.length < layers.length) body.append(sizeRow());
      layers.forEach((layer, k) => showSizes(body.children[k], layer));
      healthy.hidden = found.length > 0 || !verdict;
      say(healthy, verdict);
      if (JSON.stringify(found) === told) return;
      told = JSON.stringify(found);
      findings.replaceChildren(...found.map(findingItem));
      if (found.length) lab.announce(found[0].title);
    },
  };
}

function sizeRow() {
  return h("tr", {}, h("th", { scope: "row" }), h("td", {}), h("td", {}), h("td", {}),
    h("td", { class: "bar" }, h("span", {}), h("i", {})));
}

/** Numbers, and how large an update is beside its weights, on a scale from a millionth to all of them. */
function showSizes(row, { name, weights, gradient, update }) {
  const [head, ...cells] = row.children;
  const ratio = update == null || !weights ? null : update / weights;
  say(head, name);
  [weights, gradient, update].forEach((value, k) => say(cells[k], short(value)));
  const [text, bar] = cells[3].children;
  say(text, short(ratio, 2));
  const share = ratio ? Math.max(0, Math.min(1, 1 + Math.log10(ratio) / 6)) : 0;
  bar.style.transform = `scaleX(${share.toFixed(3)})`;
}

function findingItem({ title, text, symptoms }) {
  const below = symptoms.map(symptom => h("p", { class: "small" }, symptom));
  return h("li", {}, h("strong", {}, title), h("p", {}, text), ...below);
}
