// The page in a notebook: a view of an anywidget model, whose messages go to all views of it.

/** anywidget's: show a view. What is returned is called when it is removed. */
function render({ model, el }) {
  const connection = { send: (content, buffers) => sent(model, content, buffers) || connection.lost("closed") };
  el.dataset.lmSuppressShortcuts = "true"; // letters typed here are no commands to Jupyter
  const close = open(el, connection, { shared: true });
  const hear = (content, buffers) => {
    if (content.type === "closed") closed(el, connection, content.text);
    else connection.receive(content, buffers);
  };
  const greet = () => el.zerokara.tell("hello");
  model.on("msg:custom", hear);
  model.on("comm_live_update", greet); // the kernel was restarted, or is connected again
  addEventListener("pagehide", () => el.zerokara.tell("goodbye"), { signal: el.zerokara.signal });
  greet();
  return () => {
    model.off("msg:custom", hear);
    model.off("comm_live_update", greet);
    close();
  };
}

/** Send a message, and say whether there is a kernel that takes it. */
function sent(model, content, buffers) {
  try {
    model.send(content, undefined, buffers);
    return true;
  } catch {
    return false;
  }
}

/** Say that there is no lab any more, also where none was shown yet, such as on a page that is opened again. */
function closed(element, connection, text) {
  if (element.zerokara.hello) connection.lost("closed");
  else element.replaceChildren(h("p", {}, text));
}
