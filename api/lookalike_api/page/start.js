// The collection on the start page. It is loaded when it is shown first, so that a search does not wait for it.

export class Start {
  #parts;
  #on;
  #collection = null;
  #filters = null;

  /** `parts` are the arguments of Collection before `on`. */
  constructor(parts, on) {
    [this.#parts, this.#on] = [parts, on];
  }

  /** Take what the address says, before `show`. */
  restore() {
    this.#collection?.read();
  }

  /** Show the pictures that meet these filters; null hides the collection. */
  async show(filters) {
    this.#filters = filters;
    if (!this.#collection && filters) {
      try {
        const { Collection } = await import("./collection.js");
        this.#collection ??= new Collection(...this.#parts, this.#on);
      } catch (error) {
        const again = Object.assign(error, { message: "The collection could not be loaded.", isTemporary: true });
        this.#on.failed(again, () => this.show(this.#filters));
        return;
      }
    }
    // Meanwhile, there may be a query.
    this.#collection?.show(this.#filters);
  }

  /** List the pictures anew: there may be others. */
  refresh() {
    this.#collection?.refresh();
  }

  /** The picture `step` places after another one, or null. */
  beside(picture, step) {
    return this.#collection?.beside(picture, step) ?? null;
  }
}
