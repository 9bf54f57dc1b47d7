// Takes pictures that are dropped, pasted or chosen, and passes them on.

export class Intake {
  #input;
  #veil;
  #take;
  #isAdding = false;

  /** `take(files, isAdding)` receives the files; `files` is empty if something else was dropped. */
  constructor(input, veil, take) {
    [this.#input, this.#veil, this.#take] = [input, veil, take];
    input.addEventListener("change", () => this.#chosen());
    document.addEventListener("paste", (event) => this.#pasted(event));
    window.addEventListener("dragover", (event) => this.#hover(event));
    window.addEventListener("dragleave", (event) => event.relatedTarget === null && this.#cover(false));
    window.addEventListener("drop", (event) => this.#dropped(event));
  }

  /** Open the browser's file chooser; the files replace the query or are added to it. */
  choose(isAdding) {
    this.#isAdding = isAdding;
    this.#input.value = "";
    this.#input.click();
  }

  #chosen() {
    const files = [...this.#input.files];
    if (files.length) {
      this.#take(files, this.#isAdding);
    }
  }

  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      this.#take(files, false);
    }
  }

  #hover(event) {
    event.preventDefault();
    this.#cover(true);
  }

  #dropped(event) {
    event.preventDefault();
    this.#cover(false);
    // On the examples of a search: one more of them.
    const isAdding = Boolean(event.target.closest?.(".query.compact"));
    this.#take([...event.dataTransfer.files], isAdding);
  }

  #cover(isShown) {
    this.#veil.hidden = !isShown;
  }
}
