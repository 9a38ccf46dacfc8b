// Pictures that are dropped, chosen or pasted: as their file has them, or scaled down where that is too large to send.

const MOST_FILE_BYTES = 900_000; // a message has a megabyte at most
const LONGEST_SENT = 1440; // pixels of a picture that is scaled down; Python looks at half as many

/** The bytes of a picture's file that can be sent: {name, bytes}. Raises Error with a sentence. */
async function sendable(lab, file) {
  if (file.size <= MOST_FILE_BYTES) return { name: file.name, bytes: await file.arrayBuffer() };
  let blob = null;
  try {
    blob = await scaledDown(file);
  } catch {
    // the browser cannot read it as a picture
  }
  if (!blob || blob.size > MOST_FILE_BYTES) throw new Error(lab.text("draw_too_large"));
  return { name: file.name, bytes: await blob.arrayBuffer() };
}

async function scaledDown(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SENT / Math.max(picture.width, picture.height));
  const canvas = h("canvas", { width: Math.ceil(picture.width * scale), height: Math.ceil(picture.height * scale) });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const png = await new Promise(made => canvas.toBlob(made, "image/png"));
  if (png && png.size <= MOST_FILE_BYTES) return png;
  return new Promise(made => canvas.toBlob(made, "image/jpeg", 0.9)); // a photo
}

/** A PNG of gray pixels (rows, columns) of bytes: a canvas would make one of colours, three times as large. */
async function grayPng(pixels, [rows, columns]) {
  const lines = new Uint8Array(rows * (columns + 1)); // each line begins with the number of its filter: none
  for (let row = 0; row < rows; row++) {
    lines.set(pixels.subarray(row * columns, (row + 1) * columns), row * (columns + 1) + 1);
  }
  const packed = new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate"));
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, columns);
  head.setUint32(4, rows);
  head.setUint8(8, 8); // bits of a pixel, which is gray
  const chunks = [pngChunk("IHDR", new Uint8Array(head.buffer)),
    pngChunk("IDAT", new Uint8Array(await new Response(packed).arrayBuffer())), pngChunk("IEND", new Uint8Array(0))];
  return Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, ...chunks.flat()]);
}

/** The bytes of a part of a PNG: its length, its name, its data and their checksum. */
function pngChunk(name, data) {
  const named = [...Array.from(name, letter => letter.charCodeAt(0)), ...data];
  const four = number => [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
  return [...four(data.length), ...named, ...four(crc32(named))];
}

/** As PNG, zip and gzip check bytes. */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/** Have files that are dropped on an element, or pasted while it is seen, handed to `opened`. */
function takeFiles(lab, element, isShown, opened) {
  element.addEventListener("dragover", event => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", event => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("dropping");
  });
  element.addEventListener("drop", event => {
    element.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    opened(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", event => {
    const file = event.clipboardData?.files[0];
    const here = lab.root.contains(event.target) || event.target.contains(lab.root); // as where nothing has the focus
    if (!file || !here || !element.isConnected || !isShown()) return;
    event.preventDefault();
    opened(file);
  }, { signal: lab.signal });
}
