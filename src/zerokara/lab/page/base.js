// What all parts of the page share: elements, words, numbers, arrays, and questions to Python.
// The files beside this one are put one after the other into one module, so they see each other's names.

/** The tabs, in the order of their files: {name, build(lab) → element, frame(message), shown(visible)}. */
const TABS = [];

/** An element: h("button", {class: "quiet", onclick: f}, "text", child, …). Attributes that are false are left out. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const TYPES = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };

/** An array that came with a message, as a typed array with a shape. Buffers are not aligned, so it is a copy. */
function arrayOf(content, buffers, name) {
  const described = content.arrays[name];
  if (!described) return null;
  const view = buffers[described.buffer];
  const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  const numbers = new TYPES[described.dtype](bytes.slice().buffer);
  numbers.shape = described.shape;
  return numbers;
}

/** How arrays are sent: the described object and its buffers, from {name: typed array with a shape}. */
function withArrays(content, arrays) {
  const described = {}, buffers = [];
  for (const [name, numbers] of Object.entries(arrays)) {
    const dtype = Object.keys(TYPES).find(type => numbers instanceof TYPES[type]);
    described[name] = { dtype, shape: numbers.shape ?? [numbers.length], buffer: buffers.length };
    buffers.push(new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return [{ ...content, arrays: described }, buffers];
}

/** The page's side of a lab: what came from Python, and how to ask it. */
class LabClient {
  constructor(connection) {
    this.connection = connection;
    this.hello = null;
    this.waiting = new Map();
    this.asked = 0;
  }

  /** A text of the page in its language, with the facts put in. */
  text(key, facts = {}) {
    return this.hello.texts[key].replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  }

  /** Ask Python, and wait for the answer: {…content, array(name)}. It is refused with a sentence as `Error`. */
  ask(type, fields = {}, arrays = {}, files = []) {
    const id = ++this.asked;
    const [content, buffers] = withArrays({ ...fields, type, id }, arrays);
    this.connection.send(content, [...buffers, ...files]);
    return new Promise((answered, refused) => this.waiting.set(id, { answered, refused }));
  }

  /** Tell Python something that has no answer. */
  tell(type, fields = {}) {
    this.connection.send({ ...fields, type, arrays: {} }, []);
  }

  /** Take an answer to whoever waits for it; false for any other message. */
  answered(content, buffers) {
    const waiting = this.waiting.get(content.id);
    if (!waiting) return false;
    this.waiting.delete(content.id);
    if (content.type === "refused") waiting.refused(new Error(content.text));
    else waiting.answered({ ...content, array: name => arrayOf(content, buffers, name) });
    return true;
  }
}
