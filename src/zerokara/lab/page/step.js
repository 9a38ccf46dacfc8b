// The tab Step: one update of the weights, from a picture to the new weights, one stage at a time.

TABS.push({ name: "step", build: lab => h("section", { class: "tab step" }, h("h2", { class: "unseen" }, lab.text("step"))) });
