// One example of a query: a stored picture, a file of the person who uses the page, or a text. Uses no element of the
// page.

//: A stored one in an address: "[WEIGHT:]ID[@REGION]".
const STORED = /^(?:([^:@]+):)?([^:@]+)(?:@(.+))?$/su;
const TEXT = /^(-?[\d.]+):(.*)$/su;

export class Example {
  /** Exactly one of `id`, `file` and `text`. With a negative `weight`, the results shall not be like it. `region` is a
   * part of the picture as text, or null for all of it. */
  constructor({ id = null, file = null, text = null, name = null, weight = 1, region = null }) {
    Object.assign(this, { id, file, text, weight, region });
    this.name = name ?? file?.name ?? text ?? "stored picture";
  }

  get isWanted() {
    return this.weight > 0;
  }

  /** The same with another weight, region or name. */
  with(changes) {
    return new Example({ ...this, ...changes });
  }

  /** As the service takes it; `files` are those that are sent beside the query. */
  asked(files) {
    const { id, file, text, weight, region } = this;
    const what = file ? { image: files.indexOf(file) } : text !== null ? { text } : { id };
    return { ...what, ...(weight === 1 ? {} : { weight }), ...(region ? { region } : {}) };
  }

  /** The name and the value of its parameter in an address; null for a file, which no address can hold. */
  get parameter() {
    const { id, file, text, weight, region } = this;
    if (file) {
      return null;
    }
    if (text !== null) {
      return ["text", `${weight}:${text}`];
    }
    return ["example", `${weight === 1 ? "" : `${weight}:`}${id}${region ? `@${region}` : ""}`];
  }
}

/** The example of a parameter of an address, or null if it is none. */
export function readExample(name, value) {
  if (name === "id" && value) {
    return new Example({ id: value });
  }
  if (name === "text" && value) {
    const [, weight = "1", text = value] = TEXT.exec(value) ?? [];
    return new Example({ text, weight: Number(weight) });
  }
  if (name !== "example" || !value) {
    return null;
  }
  // What has another form is an id that no picture has: the service says so.
  const [, weight = "1", id = value, region = null] = STORED.exec(value) ?? [];
  return new Example({ id, weight: Number(weight), region });
}
