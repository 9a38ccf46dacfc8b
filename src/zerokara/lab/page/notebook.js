// The page in a notebook: a view of an anywidget model, whose messages go to all views of it.

/** anywidget's: show a view. What is returned is called when it is removed. */
function render({ model, el }) {
  const connection = {};
  connection.send = (content, buffers) => {
    try {
      model.send(content, undefined, buffers);
    } catch { // the kernel was restarted or has ended
      if (el.zerokara.hello) connection.receive({ type: "closed", text: el.zerokara.text("closed") }, []);
    }
  };
  // Keys pressed here are no commands to Jupyter, which asks the element that has the focus first: arrows move its cells.
  el.addEventListener("focusin", event => { event.target.dataset.lmSuppressShortcuts = "true"; });
  el.dataset.lmSuppressShortcuts = "true";
  const close = open(el, connection, { shared: true });
  followTheme(el.zerokara);
  const hear = (content, buffers) => connection.receive(content, buffers);
  const greet = () => el.zerokara.tell("hello");
  model.on("msg:custom", hear);
  model.on("comm_live_update", greet); // a kernel is lost, or there again
  addEventListener("pagehide", () => el.zerokara.tell("goodbye"), { signal: el.zerokara.signal });
  greet();
  return () => {
    model.off("msg:custom", hear);
    model.off("comm_live_update", greet);
    close();
  };
}

/** Be light or dark as JupyterLab is, whatever the system is set to. */
function followTheme(lab) {
  lab.themeAround = () => ({ true: "light", false: "dark" })[document.body.dataset.jpThemeLight];
  const look = () => requestAnimationFrame(() => lab.dispatchEvent(new Event("theme-around"))); // it hides all meanwhile
  const observer = new MutationObserver(look);
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  lab.signal.addEventListener("abort", () => observer.disconnect());
}
