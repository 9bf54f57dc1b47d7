// The rejected pictures of one job with the reasons, page by page, and what tries them again: a button or, if the service
// does not allow it, the command.

import { Dialog } from "./dialog.js";
import { copied } from "./files.js";
import { counted } from "./text.js";

const PAGE = 100;

export class Failed {
  #api;
  #dialog;
  #template;
  #job = "";
  #shown = 0;

  constructor(api, element, template) {
    [this.#api, this.#template] = [api, template];
    this.#dialog = new Dialog(element);
    this.#dialog.find("#failed-more").addEventListener("click", () => this.#more());
    this.#dialog.find("#failed-copy").addEventListener("click", () => this.#copy());
    this.#dialog.find("#failed-retry").addEventListener("click", () => this.#retry());
  }

  /** `job` is its id. */
  show(job, mayRetry) {
    [this.#job, this.#shown] = [job, 0];
    this.#dialog.find("#failed-list").replaceChildren();
    this.#dialog.find("#failed-command").textContent = `lookalike failed retry ${job}`;
    this.#dialog.find("#failed-by-command").hidden = mayRetry;
    this.#dialog.find("#failed-retry").hidden = !mayRetry;
    this.#dialog.open();
    return this.#more();
  }

  async #more() {
    const [job, hint] = [this.#job, this.#dialog.find("#failed-hint")];
    try {
      const parameters = { limit: PAGE, offset: this.#shown };
      const { failed, total } = await this.#api.json(`jobs/${encodeURIComponent(job)}/failed`, { parameters });
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

  async #retry() {
    const [job, hint] = [this.#job, this.#dialog.find("#failed-hint")];
    try {
      await this.#api.json(`jobs/${encodeURIComponent(job)}/retry`, { method: "POST" });
      hint.textContent = "They are tried again in a new job, which soon is in the list of jobs.";
    } catch (error) {
      hint.textContent = error.message;
    }
  }

  async #copy() {
    const isCopied = await copied(this.#dialog.find("#failed-command").textContent, this.#dialog.element);
    this.#dialog.find("#failed-hint").textContent = isCopied
      ? "The command is copied: run it where lookalike is installed."
      : "This browser does not let the page copy.";
  }
}
