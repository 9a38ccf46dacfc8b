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
