// Opens the page's socket, hands it to the module that draws everything, and opens it again when it is lost.
// The token stays in the address: a reload needs it, and a cookie would be sent to every server on this machine.
const query = location.search;
const notice = document.querySelector(".zerokara-notice");
const connection = { receive: () => {}, send: () => {}, lost: () => {} };
const { open } = (await import(`./lab.js${query}`)).default;

open(document.querySelector("#lab"), connection);
connect(0);

/** Open the socket, after so many attempts that failed. */
function connect(failures) {
  const socket = new WebSocket(`ws://${location.host}/ws${query}`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = event => {
    failures = 0;
    say("");
    connection.receive(...unpacked(event.data));
  };
  socket.onclose = async event => {
    connection.lost();
    const reason = await reasonOf(event.code);
    say(document.body.dataset[reason]);
    if (reason !== "ended") setTimeout(connect, Math.min(250 * 2 ** failures, 5000), failures + 1);
  };
  connection.send = (content, buffers = []) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(packed(content, buffers));
  };
}

/** Why the socket is closed. A server that does not know this page's token is a later one, at the same port. */
async function reasonOf(code) {
  if (code === 1001) return "ended";
  if (code === 1013) return "full";
  const answer = await fetch(`/boot.js${query}`).catch(() => null);
  return answer?.status === 403 ? "ended" : "lost";
}

function say(text) {
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = !text;
}

/** A message as one binary frame; zerokara/lab/messages.py has its form. */
function packed(content, buffers) {
  const text = new TextEncoder().encode(JSON.stringify({ ...content, buffers: buffers.map(b => b.byteLength) }));
  const frame = new Uint8Array(4 + text.length + buffers.reduce((sum, b) => sum + b.byteLength, 0));
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, 4);
  let at = 4 + text.length;
  for (const b of buffers) {
    frame.set(new Uint8Array(b.buffer ?? b, b.byteOffset ?? 0, b.byteLength), at);
    at += b.byteLength;
  }
  return frame;
}

function unpacked(data) {
  const end = 4 + new DataView(data).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, end - 4)));
  const buffers = [];
  let at = end;
  for (const length of content.buffers) {
    buffers.push(new DataView(data, at, length));
    at += length;
  }
  return [content, buffers];
}
