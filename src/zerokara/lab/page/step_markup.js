// Formulas as Python writes them, {term} by {term:text}, and the links between a term's formula, numbers and place.

/** A formula's nodes; make(term, nodes) makes the element of a term. */
function formulaNodes(text, make = termSpan) {
  return text.split(/(\{[^{}]*\})/).flatMap(part => {
    const match = /^\{(\w*)(?::(.*))?\}$/.exec(part);
    if (!match) return indexed(part);
    const [, term, shown] = match;
    return [make(term, indexed(shown ?? writtenTerm(term)))];
  });
}

/** A term that is named by its letters: d1 is δ1, dW1 ∂L/∂W1. */
function writtenTerm(term) {
  return term.replace(/^d(?=\d)/, "δ").replace(/^d(?=[zWb])/, "∂L/∂");
}

/** A text with digits after a letter as indices, and what follows ^ as a power. */
function indexed(text) {
  return text.split(/((?<![A-Za-z\d])\p{L}\d+|\^[\p{L}\d])/u).filter(Boolean).flatMap(part => {
    if (part[0] === "^") return [h("sup", {}, part.slice(1))];
    return /^\p{L}\d+$/u.test(part) ? [part[0], h("sub", {}, part.slice(1))] : [part];
  });
}

function termSpan(term, nodes) {
  return h("span", { class: "term", "data-terms": term || null }, ...nodes);
}

/** What is read out: a formula without marks. */
function plainFormula(text) {
  return text.replace(/\{(\w*)(?::([^{}]*))?\}/g, (_, term, shown) => shown ?? writtenTerm(term)).replaceAll("^", "");
}

/**
 * Have all elements within `root` that share a term be marked while one of them is pointed at, or has the focus.
 * Call what is returned when there are other elements.
 */
function linkTerms(root) {
  let pointed = null, focused = null;
  const mark = () => {
    const terms = (pointed ?? focused)?.dataset.terms.split(" ") ?? [];
    for (const element of root.querySelectorAll("[data-terms]")) {
      element.classList.toggle("linked", element.dataset.terms.split(" ").some(term => terms.includes(term)));
    }
  };
  const termOf = event => event.target.closest?.("[data-terms]") ?? null;
  const point = element => {
    if (pointed === element) return;
    pointed = element;
    mark();
  };
  root.addEventListener("pointerover", event => point(termOf(event)));
  root.addEventListener("pointerleave", () => point(null));
  root.addEventListener("focusin", event => {
    focused = termOf(event);
    mark();
  });
  root.addEventListener("focusout", () => {
    focused = null;
    mark();
  });
  return mark;
}
