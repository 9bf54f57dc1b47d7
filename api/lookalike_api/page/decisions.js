// What a person decided about groups of duplicates, kept in this browser. Uses no element of the page.

//: What is kept of each picture.
const KEPT = ["id", "uri", "width", "height", "size_bytes", "modified_at", "taken_at_ms", "score"];

export class Decisions {
  #store;
  #name;
  #all;

  /** `store` is a storage of the browser, `index` the name of what the pictures are in. */
  constructor(store, index) {
    this.#store = store;
    this.#name = `lookalike-duplicates:${index}`;
    this.#all = read(store, this.#name);
  }

  /** What is decided about a group: null, or `isYes` and the ids that are kept. */
  of(group) {
    const decision = this.#all.get(group.key);
    return decision ? { isYes: decision.isYes, kept: new Set(decision.keep.map(({ id }) => id)) } : null;
  }

  /** Decide that these pictures of a group are kept, and the others are not; with all of them, it has no duplicates. */
  decide(group, kept) {
    const pictures = group.images.map((image) => Object.fromEntries(KEPT.map((name) => [name, image[name]])));
    const [keep, remove] = [true, false].map((isKept) => pictures.filter(({ id }) => kept.has(id) === isKept));
    return this.#change(() => this.#all.set(group.key, { isYes: remove.length > 0, keep, remove }));
  }

  undo(group) {
    return this.#change(() => this.#all.delete(group.key));
  }

  forget() {
    return this.#change(() => this.#all.clear());
  }

  get count() {
    return this.#all.size;
  }

  /** The decisions with pictures to remove: `key`, `keep` and `remove` of each. Groups of different thresholds overlap:
   * what one decision keeps, no other one removes, so that no group loses all of its pictures. */
  get list() {
    const kept = new Set([...this.#all.values()].flatMap(({ keep }) => keep.map(({ id }) => id)));
    return [...this.#all]
      .map(([key, { keep, remove }]) => ({ key, keep, remove: remove.filter(({ id }) => !kept.has(id)) }))
      .filter(({ remove }) => remove.length);
  }

  /** The pictures to remove. */
  get removed() {
    return this.list.flatMap(({ remove }) => remove);
  }

  /** Whether the browser has taken the change; if not, nothing is changed. */
  #change(does) {
    const before = new Map(this.#all);
    does();
    try {
      this.#store.setItem(this.#name, JSON.stringify([...this.#all]));
      return true;
    } catch {
      this.#all = before;
      return false;
    }
  }
}

function read(store, name) {
  try {
    return new Map(JSON.parse(store.getItem(name) ?? "[]"));
  } catch {
    return new Map();
  }
}
