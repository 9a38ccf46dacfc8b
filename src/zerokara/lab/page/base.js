// What all parts of the page share: elements, arrays, and the page's side of the conversation with Python.
// The files beside this one are put one after the other into one module, so they see each other's names.

/**
 * The tabs, in the order of their files: {name, build(lab) → {element, frame, shown, state, restore}}.
 *
 * `name` is also the key of the tab's title. `build` is called for each view: a notebook may have several, so what a
 * tab keeps belongs into `build`. `frame(content)` gets what Python pushed, the hello first, with `array(name)`;
 * `shown(visible)` is told whether people see the tab (it is called first after the first frame). What is not seen must
 * not be painted. When there is another network to train (a new hello), everything is built anew. `state()` says what
 * one has chosen there, as texts, numbers and lists that a file can keep; `restore(fields)` chooses that again, and of
 * {} as it was at first. Either may return a promise.
 */
const TABS = [];

/** An element: h("button", {class: "quiet", onclick: f}, "text", child, …), without attributes that are false. */
function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a drawing: svg("line", {x1: 0, …}). */
function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child != null && child !== false));
  return element;
}

let named = 0;

/** A name that no other element of this document has, for `for`, `aria-describedby` and the like. */
function ownId() {
  return `zerokara-${++named}`;
}

/** Set a text only where it is another: what does not change need not be laid out anew. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const TYPES = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };

/** An array that came with a message, as a typed array with a shape. Buffers are not aligned, so it is a copy. */
function arrayOf(content, buffers, name) {
  const described = content.arrays?.[name];
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

/**
 * The page's side of a lab: what came from Python, and how to ask it.
 *
 * Attributes: `hello`, the newest greeting; `state`, what the frames said so far, the newest of each field; `root`,
 * the element of this view; `keyboard`, where keys are listened to; `signal`, of an AbortController, for listeners that
 * must end with what was built, or with the view.
 */
class LabClient extends EventTarget {
  constructor(root, connection, keyboard) {
    super();
    this.root = root;
    this.keyboard = keyboard;
    this.connection = connection;
    this.view = Math.random().toString(36).slice(2);
    this.hello = null;
    this.state = {};
    this.waiting = new Map();
    this.asked = 0;
    this.ending = new AbortController();
    this.signal = this.ending.signal;
  }

  /** Before all is built anew: whoever listened for what was there before ends. */
  renew() {
    this.building?.abort();
    this.building = new AbortController();
    this.signal = AbortSignal.any([this.ending.signal, this.building.signal]);
  }

  /** A text of the page in its language, with the facts put in. */
  text(key, facts = {}) {
    const text = this.hello.texts[key];
    if (text === undefined) throw new Error(`no text: ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  }

  /** Ask Python, and wait for the answer: {…content, array(name)}. It is refused with a sentence as `Error`. */
  ask(type, fields = {}, arrays = {}, files = []) {
    if (this.state.state === "lost") return Promise.reject(new Error(""));
    const id = ++this.asked;
    const [content, buffers] = withArrays({ ...fields, type, id, view: this.view }, arrays);
    this.connection.send(content, [...buffers, ...files]);
    return new Promise((answered, refused) => this.waiting.set(id, { answered, refused }));
  }

  /** Ask for something, and have a refusal said at the top of the page; then the answer is null. */
  async request(type, fields = {}) {
    try {
      return await this.ask(type, fields);
    } catch (error) {
      this.complain(error.message);
      return null;
    }
  }

  /** Tell Python something that has no answer. */
  tell(type, fields = {}) {
    this.connection.send({ ...fields, type, view: this.view, arrays: {} }, []);
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

  /** Whoever waits for an answer that cannot come any more is told so. */
  forsake(text) {
    for (const { refused } of this.waiting.values()) refused(new Error(text));
    this.waiting.clear();
  }

  /** Have `f` called when a "theme" (colours, sizes) or a "frame" is new, until the view ends. */
  on(event, f) {
    this.addEventListener(event, f, { signal: this.signal });
  }

  /** Have `f` called when the element has another size, and at first. */
  onSize(element, f) {
    const observer = new ResizeObserver(() => f());
    observer.observe(element);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  /** The value of a colour of base.css, as canvases need it: lab.colour("ink"). */
  colour(name) {
    return (this.colours[name] ??= getComputedStyle(this.root).getPropertyValue(`--${name}`).trim());
  }

  colours = {};

  /** How many frames were painted, and how long that took the page, for whoever measures. */
  painting = { frames: 0, ms: 0 };

  /** The root's size of letters in pixels: what 1em of an undecorated element is. */
  get em() {
    return parseFloat(getComputedStyle(this.root).fontSize);
  }

  /** Have the text read out by screen readers, at most one in five seconds: the newest one wins, or what must be heard. */
  announce(text, { first = false } = {}) {
    if (this.announcing && this.isFirst && !first) return;
    Object.assign(this, { announced: text, isFirst: first });
    if (this.announcing) return;
    const speak = () => {
      this.announcing = 0;
      this.spoken = performance.now();
      say(this.voice, this.announced);
    };
    this.announcing = setTimeout(speak, Math.max(50, this.spoken + 5000 - performance.now()));
  }

  announcing = 0;
  spoken = -Infinity;
}
