// A part of the page whose code is loaded when somebody wants it, so that the page shows itself before.

import { Problem } from "./api.js";

const MISSING = "A part of the page could not be loaded. Is the service still running?";

export class Later {
  #load;
  #make;
  #failed;
  #making = null;

  /** What was made; null until then. */
  now = null;

  /** `load()` resolves to what `make(loaded)` makes the part of. `failed(sentence, retry)` tells a person that the part
   * cannot be had. */
  constructor(load, make, failed) {
    [this.#load, this.#make, this.#failed] = [load, make, failed];
  }

  /** The part. Raises a Problem if it cannot be loaded; the next call tries again. */
  get() {
    this.#making ??= this.#begin();
    return this.#making;
  }

  /** Do something with the part: at once if it is there, or else as soon as it is. */
  use(does) {
    return this.now ? does(this.now) : this.#await(does);
  }

  async #begin() {
    try {
      this.now = this.#make(await wanted(this.#load()));
    } catch (error) {
      this.#making = null;
      throw error;
    }
    return this.now;
  }

  async #await(does) {
    let part;
    try {
      part = await this.get();
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      this.#failed(error.message, () => this.use(does));
      return null;
    }
    return does(part);
  }
}

/** What a promise of code resolves to. Raises a Problem if the code cannot be had. */
export async function wanted(code) {
  try {
    return await code;
  } catch {
    throw new Problem(0, MISSING);
  }
}
