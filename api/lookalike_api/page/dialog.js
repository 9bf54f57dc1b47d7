// A dialog: opened over the page, closed by Escape, its close buttons or a click beside it.

export class Dialog {
  constructor(element) {
    this.element = element;
    element.addEventListener("click", (event) => this.#clicked(event));
  }

  get isOpen() {
    return this.element.open;
  }

  open() {
    if (!this.isOpen) {
      this.element.showModal();
    }
  }

  close() {
    this.element.close();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  #clicked(event) {
    // The dialog itself is hit only beside its content: its own padding is none.
    if (event.target === this.element || event.target.closest("[data-close]")) {
      this.close();
    }
  }
}
