// The service's answers as values and its problems as errors; knows no element of the page.

/** What the service, or the way to it, said no with; `message` is one sentence for people. */
export class Problem extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  /** `key` has `value` (null without one) and `ask(refused)`, which gets another one from a person. */
  constructor(key) {
    this.key = key;
  }

  async json(path, options) {
    return (await this.#send(path, options)).json();
  }

  async blob(path, options) {
    return (await this.#send(path, options)).blob();
  }

  async #send(path, { parameters = {}, body = null, signal = null, isQuiet = false } = {}) {
    for (;;) {
      const key = this.key.value;
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const method = body ? "POST" : "GET";
      const response = await reach(address(path, parameters), { method, headers, body, signal });
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

/** The address of a path of the service; parameters without a value are left out. */
export function address(path, parameters = {}) {
  const url = new URL(path, document.baseURI);
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  url.search = new URLSearchParams(given).toString();
  return url.href;
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
    const { detail, title } = await response.json();
    return new Problem(response.status, String(detail || title || fallback));
  } catch {
    return new Problem(response.status, fallback);
  }
}
