// Opens the socket of the page, and hands it to the module that draws everything.
const query = location.search;
const { open } = (await import(`./lab.js${query}`)).default;
open(document.body, socketConnection(`ws://${location.host}/ws${query}`));

function socketConnection(address) {
  const connection = { receive: () => {}, send: () => {} };
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onmessage = event => connection.receive(...unpacked(event.data));
  connection.send = (content, buffers = []) => socket.send(packed(content, buffers));
  return connection;
}

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
