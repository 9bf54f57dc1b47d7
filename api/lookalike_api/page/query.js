// A query: examples of what the results shall be like and not be like, and the body of its request. Uses no element of
// the page.

import { Example } from "./example.js";

//: The service accepts no more in one request.
export const MAX_EXAMPLES = 32;

export class Query {
  /** `leftOut`: how many examples of the search are missing, because its address could not hold them. */
  constructor(examples, leftOut = 0) {
    [this.examples, this.leftOut] = [examples, leftOut];
  }

  /** The files of the person who uses the page, each once: two examples may be parts of the same. */
  get files() {
    return [...new Set(this.examples.map(({ file }) => file).filter(Boolean))];
  }

  get isWanted() {
    return this.examples.some((example) => example.isWanted);
  }

  /** The examples that an address cannot hold. */
  get unaddressed() {
    return this.examples.filter(({ file }) => file);
  }

  /** With further examples. Of a stored picture that is an example already, the new one counts. */
  with(examples) {
    const isSame = (one, other) => one.id !== null && one.id === other.id && one.region === other.region;
    const others = this.examples.filter((old) => !examples.some((example) => isSame(old, example)));
    return new Query([...others, ...examples]);
  }

  /** With another example, or none, in place of one. */
  replacing(example, others = []) {
    return new Query(this.examples.flatMap((own) => (own === example ? others : [own])));
  }

  /** The body of a request with these options. */
  body(options) {
    const { files } = this;
    const query = JSON.stringify({ examples: this.examples.map((example) => example.asked(files)), ...options });
    if (!files.length) {
      return new Blob([query], { type: "application/json" });
    }
    const form = new FormData();
    form.append("query", query);
    for (const file of files) {
      form.append("image", file);
    }
    return form;
  }
}

/** The example of a stored picture, such as a match. */
export const stored = (match, name, more = {}) => new Example({ id: match.id, name, ...more });
