// The rejected pictures of one job with the reasons, page by page.

import { Dialog } from "./dialog.js";
import { counted } from "./text.js";

const PAGE = 100;

export class Failed {
  #api;
  #dialog;
  #template;
  #job = null;
  #shown = 0;

  constructor(api, element, template) {
    [this.#api, this.#template] = [api, template];
    this.#dialog = new Dialog(element);
    this.#dialog.find("#failed-more").addEventListener("click", () => this.#more());
  }

  show(job) {
    [this.#job, this.#shown] = [job, 0];
    this.#dialog.find("#failed-list").replaceChildren();
    this.#dialog.open();
    return this.#more();
  }

  async #more() {
    const [job, hint] = [this.#job, this.#dialog.find("#failed-hint")];
    try {
      const parameters = { limit: PAGE, offset: this.#shown };
      const { failed, total } = await this.#api.json(`jobs/${encodeURIComponent(job.id)}/failed`, { parameters });
      if (this.#job === job) {
        this.#append(failed, total);
        hint.textContent = counted(total, "picture was rejected", "pictures were rejected");
      }
    } catch (error) {
      hint.textContent = error.message;
    }
  }

  #append(failed, total) {
    this.#shown += failed.length;
    this.#dialog.find("#failed-list").append(...failed.map((failure) => this.#item(failure)));
    this.#dialog.find("#failed-more").hidden = !failed.length || this.#shown >= total;
  }

  #item({ reason, uri, detail }) {
    const item = this.#template.content.cloneNode(true).firstElementChild;
    item.querySelector(".reason").textContent = reason;
    item.querySelector(".uri").textContent = uri;
    item.querySelector(".why").textContent = detail;
    return item;
  }
}
