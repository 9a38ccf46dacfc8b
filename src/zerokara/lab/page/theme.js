// How a view looks: light or dark, and large enough for the last row. Kept by the browser, for all views.

const THEMES = ["auto", "light", "dark"];

/** What was chosen earlier; storage may be forbidden. */
function chosen(name) {
  try {
    return localStorage.getItem(`zerokara-lab-${name}`);
  } catch {
    return null;
  }
}

function choose(name, value) {
  try {
    localStorage.setItem(`zerokara-lab-${name}`, value);
  } catch {
    // it holds for this view
  }
}

/** Give the view its colours and sizes, and tell everybody who paints. */
function applyLook(lab, theme, projector) {
  const given = theme === "auto" ? lab.themeAround?.() : theme; // a notebook has one of its own
  if (given) lab.root.dataset.theme = given;
  else delete lab.root.dataset.theme;
  lab.root.toggleAttribute("data-projector", projector);
  lab.colours = {};
  lab.dispatchEvent(new Event("theme"));
}

/** The two switches at the end of the head. */
function lookSwitches(lab) {
  let theme = THEMES.includes(chosen("theme")) ? chosen("theme") : "auto";
  let projector = chosen("projector") === "on";
  const apply = () => applyLook(lab, theme, projector);
  const themes = h("select", { class: "theme quiet", "aria-label": lab.text("theme"), title: lab.text("theme") },
    ...THEMES.map(name => h("option", { value: name, selected: name === theme }, lab.text(`theme_${name}`))));
  themes.addEventListener("change", () => {
    choose("theme", theme = themes.value);
    apply();
  });
  const large = h("button", { class: "projector quiet", "aria-pressed": projector, title: lab.text("projector_help"),
    onclick: () => {
      projector = !projector;
      choose("projector", projector ? "on" : "off");
      large.setAttribute("aria-pressed", projector);
      apply();
    } }, lab.text("projector"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal: lab.signal });
  lab.on("theme-around", apply);
  apply();
  return h("div", { class: "look" }, large, themes);
}
