// A modal dialog, closed by Escape, a close button or a click outside.

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
    // A click hits the dialog itself only outside its content, because it has no padding.
    if (event.target === this.element || event.target.closest("[data-close]")) {
      this.close();
    }
  }
}
