// The page: its head, its tabs, and what a browser and a notebook call to open it.

function open(element, connection) {
  const client = new LabClient(connection);
  connection.receive = (content, buffers) => {
    if (content.type === "hello") {
      client.hello = content;
      element.replaceChildren(...TABS.map(tab => tab.build(client)));
    } else if (!client.answered(content, buffers)) {
      for (const tab of TABS) tab.frame?.({ ...content, array: name => arrayOf(content, buffers, name) });
    }
  };
}

/** anywidget's: a view of a model in a notebook. */
function render({ model, el }) {
  const connection = { send: (content, buffers) => model.send(content, undefined, buffers) };
  open(el, connection);
  model.on("msg:custom", (content, buffers) => connection.receive(content, buffers));
}

export default { open, render };
