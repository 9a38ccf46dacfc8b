// The tab probe.
TABS.push({
  name: "probe",
  build: lab => h("section", { class: "tab probe" }, h("h2", {}, lab.text("probe"))),
});
