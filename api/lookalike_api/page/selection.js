// The selected ones of a list of matches: one by one, or all from the last one to another. Uses no element of the page.

export class Selection {
  #matches = [];
  #chosen = new Set();
  #anchor = null;
  #changed;

  /** `changed()` is called after each change. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** The selected matches, in the order of the list. */
  get matches() {
    return this.#matches.filter((match) => this.#chosen.has(match));
  }

  has(match) {
    return this.#chosen.has(match);
  }

  /** The list has changed; what is not in it any more is not selected. */
  list(matches) {
    this.#matches = matches;
    this.#chosen = new Set(this.matches);
    this.#anchor = this.#chosen.has(this.#anchor) ? this.#anchor : null;
    this.#changed();
  }

  toggle(match) {
    if (!this.#chosen.delete(match)) {
      this.#chosen.add(match);
    }
    this.#anchor = match;
    this.#changed();
  }

  /** Select all from the last one that was chosen, or else from `start`, to `match`. */
  extend(match, start = match) {
    this.#anchor ??= start;
    const ends = [this.#anchor, match].map((end) => this.#matches.indexOf(end)).sort((one, other) => one - other);
    for (const one of this.#matches.slice(ends[0], ends[1] + 1)) {
      this.#chosen.add(one);
    }
    this.#changed();
  }

  all() {
    this.#chosen = new Set(this.#matches);
    this.#changed();
  }

  clear() {
    this.#chosen.clear();
    this.#anchor = null;
    this.#changed();
  }
}
