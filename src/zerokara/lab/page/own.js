// The tab Train of a learner's own script, which is watched and not steered: how far it is instead of what steers, and
// the lines that run beside the curves.

/** What stands around the curves: `above` and `beside` them, and `parts` that are painted with each frame. */
function onlooking(lab, curves, pictures, layers) {
  const source = ownSource(lab), facts = ownFacts(lab, source);
  for (const [, part] of pictures) part.element.hidden = true; // until there is one
  return {
    above: facts.element, beside: source.element,
    parts: [facts, source, { paint: state => showWhatThereIs(state, curves, layers) }],
  };
}

/** A script has what it has: a card that would be empty is left out. */
function showWhatThereIs(state, curves, layers) {
  const [loss, accuracy] = curves.elements;
  loss.hidden = !state.losses;
  accuracy.hidden = !state.evaluations;
  layers.element.hidden = !state.layers?.length;
}

/** How far it is, and the findings by their places: each leads to its line. */
function ownFacts(lab, source) {
  const values = ["update", "fact_epoch", "fact_rate"].map(key => ({ key, value: h("dd", {}) }));
  const [update, epoch, rate] = values.map(({ value }) => value);
  const list = h("ul", { class: "places", "aria-label": lab.text("findings_title") });
  const healthy = h("p", { class: "muted small" });
  const row = ({ key, value }) => h("div", {}, h("dt", {}, lab.text(key)), value);
  const rows = values.map(row);
  const element = h("section", { class: "card own-facts", "aria-label": lab.text("train") },
    h("dl", { class: "facts" }, ...rows), healthy, list);
  let told = "", state = null;
  return {
    element,
    paint(now) {
      rows[0].hidden = !now.iteration || now.counts_losses === false;
      rows[1].hidden = !now.iteration || !now.per_epoch;
      rows[2].hidden = now.state !== "running" || !now.rate;
      say(update, count(now.iteration ?? 0));
      say(epoch, now.per_epoch ? fixed(now.iteration / now.per_epoch, 2) : "");
      say(rate, count(Math.round(now.rate ?? 0)));
      const found = now.script_findings ?? [];
      say(healthy, found.length ? "" : now.verdict ?? "");
      if (now.state !== state) lab.announce(now.status ?? "");
      state = now.state;
      const key = JSON.stringify(found);
      if (key === told) return;
      told = key;
      list.replaceChildren(...found.map((finding, k) => findingPlace(lab, finding, () => source.goTo(k))));
      if (found.length) lab.announce(found[0].title);
    },
  };
}

function findingPlace(lab, finding, go) {
  const place = placeShown(lab.hello.script, finding);
  return h("li", {}, h("button", { class: "quiet", onclick: go },
    place ? h("code", {}, place) : null, place ? " " : null, finding.title));
}
