// What is open above the page, in the fragment of its address: the details of a picture, the jobs, or the rejected
// pictures of a job. A fragment replaces the one before: back leads to the search before, not to a closed dialog.

const FORM = /^#(\w+)(?:=(.+))?$/u;

export class Views {
  #dialogs;
  #opens;

  /** `dialogs` and `opens(value)`, which may be asynchronous, are by the names of the views. */
  constructor(dialogs, opens) {
    [this.#dialogs, this.#opens] = [dialogs, opens];
    for (const dialog of Object.values(dialogs)) {
      dialog.addEventListener("close", () => this.#closed());
    }
  }

  /** The view is open now. */
  show(name, value = "") {
    // The whole path: a fragment alone is relative to <base>, which has no search.
    write(`${location.pathname}${location.search}#${name}${value && `=${encodeURIComponent(value)}`}`);
  }

  /** Open what the address names, and close the rest. */
  restore() {
    const [, name = "", value = ""] = FORM.exec(location.hash) ?? [];
    for (const [other, dialog] of Object.entries(this.#dialogs)) {
      if (other !== name) {
        dialog.close();
      }
    }
    return Object.hasOwn(this.#opens, name) ? this.#opens[name](decode(value)) : null;
  }

  /** One may still be open below the one that was closed. */
  #closed() {
    const [name] = Object.entries(this.#dialogs).find(([, dialog]) => dialog.open) ?? [];
    if (location.hash && !name) {
      write(location.pathname + location.search);
    } else if (name === "jobs") {
      this.show(name);
    }
  }
}

function write(address) {
  history.replaceState(history.state, "", address);
}

/** Somebody may have written the address. */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
