// A comparison of all stored pictures with one another in the service: starts it, follows it, and reads its groups.
// Uses no element of the page.

const PATH = "duplicates/groups";
//: Groups of one page.
export const PER_PAGE = 20;
const POLL_MS = 700;
const RUNNING = ["waiting", "reading", "comparing"];

export const isRunning = ({ state }) => RUNNING.includes(state);

export class Comparison {
  #api;
  #on;
  #controller = new AbortController();

  /** `on` has `changed(answer)` and `failed(error, retry)`. */
  constructor(api, on) {
    [this.#api, this.#on] = [api, on];
  }

  /** Report how far the comparison with these parameters is, until it ends, and then its groups from `offset` on. */
  show(parameters, offset) {
    return this.#follow({ ...parameters, limit: PER_PAGE, offset }, async () => null);
  }

  /** Begin a comparison, and report it like `show`. */
  start(parameters) {
    const begin = (signal) => this.#api.json(PATH, { parameters, body: new Blob(), signal });
    return this.#follow({ ...parameters, limit: PER_PAGE }, begin);
  }

  async #follow(parameters, begin) {
    this.#controller.abort();
    const { signal } = (this.#controller = new AbortController());
    try {
      await begin(signal);
      for (;;) {
        const answer = await this.#api.json(PATH, { parameters, signal });
        this.#on.changed(answer);
        if (!isRunning(answer)) {
          return;
        }
        await new Promise((done) => setTimeout(done, POLL_MS));
        signal.throwIfAborted();
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#on.failed(error, () => this.#follow(parameters, begin));
      }
    }
  }
}
