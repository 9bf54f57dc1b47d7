// Requests to the service: its answers as values, its problem documents as errors. Uses no element of the page.

/** Why a request failed; `message` is one sentence for people, `status` is 0 without an answer. */
export class Problem extends Error {
  constructor(status, sentence, type = "") {
    super(sentence);
    this.status = status;
    // Nothing is wrong then: `message` names the command that comes first.
    this.isNothingYet = /:no-(index|map)$/u.test(type);
  }

  /** Whether the same request may succeed a little later. */
  get isTemporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  /** `key` has `value` (null without a key) and `ask(refused)`, which asks a person for another key. */
  constructor(key) {
    this.key = key;
  }

  async json(path, options) {
    return JSON.parse(await (await this.#send(path, options)).text(), exact);
  }

  async blob(path, options) {
    return (await this.#send(path, options)).blob();
  }

  async #send(path, { method = null, parameters = {}, body = null, signal = null, isQuiet = false } = {}) {
    for (;;) {
      const key = this.key.value;
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const request = { method: method ?? (body ? "POST" : "GET"), headers, body, signal };
      const response = await reach(address(path, parameters), request);
      if (response.ok) {
        return response;
      }
      const mayAsk = response.status === 401 && !isQuiet;
      if (!mayAsk || !(await this.key.ask(key))) {
        throw await problem(response);
      }
    }
  }
}

/** The URL of a path of the service, without the parameters that have no value; a list is given value by value. */
export function address(path, parameters = {}) {
  const url = new URL(path, document.baseURI);
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat().filter((one) => one !== null)) {
      url.searchParams.append(name, value);
    }
  }
  return url.href;
}

/** A whole number that JavaScript would round stays a text, where the browser shows its source. */
function exact(key, value, context) {
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/u.test(context?.source ?? "");
  return isRounded ? context.source : value;
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new Problem(0, "The service does not answer. Is it still running?");
  }
}

async function problem(response) {
  const fallback = `The service answered ${response.status}.`;
  try {
    const { type, detail, title, rejection } = await response.json();
    const sentence = rejection ? rejected(rejection) : detail || title || fallback;
    return new Problem(response.status, String(sentence), type);
  } catch {
    return new Problem(response.status, fallback);
  }
}

function rejected({ reason, detail }) {
  return `The picture is rejected as ${reason}${detail ? `: ${detail}` : ""}.`;
}
