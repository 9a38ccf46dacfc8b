// The tab train.
TABS.push({
  name: "train",
  build: lab => h("section", { class: "tab train" }, h("h2", {}, lab.text("train"))),
});
