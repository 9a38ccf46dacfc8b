// The tab draw.
TABS.push({
  name: "draw",
  build: lab => h("section", { class: "tab draw" }, h("h2", {}, lab.text("draw"))),
});
