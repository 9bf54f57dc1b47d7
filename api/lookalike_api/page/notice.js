// The status of a search: busy, the number of results, none, or an error. Screen readers read it out.

import { counted, grouped } from "./text.js";

//: A faster search needs no announcement.
const BUSY_AFTER_MS = 400;

export class Notice {
  #find;
  #retry = null;
  #timer = 0;

  constructor(page) {
    this.#find = (name) => page.querySelector(`#${name}`);
    this.#find("error-close").addEventListener("click", () => this.clear());
    this.#find("error-retry").addEventListener("click", () => {
      this.#find("error").hidden = true;
      this.#retry?.();
    });
  }

  busy() {
    this.clear();
    this.#timer = setTimeout(() => this.#say("Searching …"), BUSY_AFTER_MS);
  }

  /** `count` results of an answer. `chosenFrom`: of how many of the nearest, if they are not simply the nearest. */
  found(count, { hasMore, took_ms }, chosenFrom = null) {
    this.clear();
    const from = chosenFrom && chosenFrom > count ? ` of the ${grouped(chosenFrom)} nearest` : "";
    this.#say(count ? `${hasMore && !from ? "The best " : ""}${counted(count, "picture", "pictures")}${from}` : "");
    this.#find("timing").textContent = count ? timing(took_ms) : "";
  }

  /** No results: a title, and what to do. */
  empty(title, text) {
    this.#find("empty").hidden = false;
    this.#find("empty-title").textContent = title;
    this.#find("empty-text").textContent = text;
    this.#say(title);
  }

  /** An error; earlier results stay visible. `retry`, if given, is offered as a button. */
  error(sentence, retry = null) {
    this.#retry = retry;
    this.#find("error-retry").hidden = !retry;
    this.#find("error-text").textContent = sentence;
    this.#find("error").hidden = false;
  }

  clear() {
    clearTimeout(this.#timer);
    this.#find("error").hidden = true;
    this.#find("empty").hidden = true;
    this.#find("timing").textContent = "";
    this.#say("");
  }

  #say(sentence) {
    this.#find("status").textContent = sentence;
  }
}

function timing(took_ms) {
  const parts = ["decode", "embed", "search"].filter((stage) => took_ms?.[stage] > 0);
  const each = parts.map((stage) => `${stage} ${took_ms[stage].toFixed(0)}`).join(" · ");
  return took_ms?.total === undefined ? "" : `${took_ms.total.toFixed(0)} ms${each ? ` (${each})` : ""}`;
}
