// A client of lookalike's query service, for browsers and Node.js 18 or newer. It needs no packages.
//
//   import { Lookalike, stored } from "./lookalike.mjs";
//   const images = new Lookalike("https://photos.example/", "the API key");
//   const { matches } = await images.search([file, { ...stored("0a1b..."), weight: -1 }], { k: 20 });
//
// From a page of another origin: the service has to allow it with LOOKALIKE_CORS_ORIGINS.

/** How often a request is repeated if the service asks for it, and the longest pause that it may ask for. */
const RETRIES = 2;
const LONGEST_PAUSE_S = 5;

/** A problem document (RFC 9457): `type` never changes, the message is a sentence for people. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail);
    Object.assign(this, { name: "Problem", ...document });
  }
}

/** An example that is a stored image, by its id. `weight` and `region` may be added. */
export const stored = (id) => ({ id });

export class Lookalike {
  #url;
  #headers;

  /** `url` is where the service's page is, perhaps under a prefix; `key` is its API key, if it has one. */
  constructor(url, key = null) {
    this.#url = url.endsWith("/") ? url : `${url}/`;
    this.#headers = key === null ? {} : { Authorization: `Bearer ${bytesOf(key)}` };
  }

  /**
   * Search by examples: a file (Blob), a stored image, or `{ file, weight, region }`; with a model that knows texts also
   * `{ text, weight }`. Weights below 0 are of what is not wanted. Options are those of the service: k, filters,
   * min_score, sort, group_by, diversity, cursor, exact.
   */
  search(examples, options = {}) {
    const form = new FormData();
    const files = [];
    const described = [examples].flat().map((example) => {
      const { file, ...rest } = example instanceof Blob ? { file: example } : example;
      return file ? { ...rest, image: files.push(file) - 1 } : rest;
    });
    form.append("query", JSON.stringify({ ...options, examples: described }));
    files.forEach((file) => form.append("image", file));
    return this.#json("search", { method: "POST", body: form });
  }

  /** All matches of a search, page by page: `for await (const match of images.all(file)) ...` */
  async *all(examples, options = {}) {
    let cursor = "*";
    while (cursor !== null) {
      const page = await this.search(examples, { ...options, cursor });
      yield* page.matches;
      cursor = page.cursor;
    }
  }

  async labels() {
    return (await this.#json("labels")).labels;
  }

  info() {
    return this.#json("info");
  }

  /** A JPEG (Blob) whose longest side has at most `size` pixels. */
  async thumbnail(id, size = 256) {
    return (await this.#send(`images/${encodeURIComponent(id)}/thumbnail?size=${size}`)).blob();
  }

  async #json(path, request) {
    return (await this.#send(path, request)).json();
  }

  async #send(path, request = {}) {
    for (let left = RETRIES; ; left--) {
      const answer = await fetch(new URL(path, this.#url), { ...request, headers: this.#headers });
      if (answer.ok) {
        return answer;
      }
      const pause = Number(answer.headers.get("Retry-After") ?? Infinity);
      if (answer.status !== 503 || left === 0 || !(pause <= LONGEST_PAUSE_S)) {
        throw await problem(answer);
      }
      await new Promise((done) => setTimeout(done, pause * 1000));
    }
  }
}

/** Headers carry bytes: a key with other letters than those of ASCII is sent in UTF-8. */
function bytesOf(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

async function problem(answer) {
  const otherwise = { status: answer.status, type: "about:blank", detail: `HTTP ${answer.status}` };
  try {
    return new Problem({ ...otherwise, ...(await answer.json()) });
  } catch {
    return new Problem(otherwise);
  }
}
