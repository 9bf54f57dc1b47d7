// What the page says of a search: busy, how many, nothing, or what went wrong; read out by screen readers.

import { counted } from "./text.js";

//: What is faster needs no announcement.
const BUSY_AFTER_MS = 400;

export class Notice {
  #find;
  #retry = null;
  #timer = 0;

  constructor(page) {
    this.#find = (name) => page.querySelector(`#${name}`);
    this.#find("error-close").addEventListener("click", () => this.calm());
    this.#find("error-retry").addEventListener("click", () => this.#retry?.());
  }

  busy() {
    this.calm();
    this.#timer = setTimeout(() => this.#say("Searching …"), BUSY_AFTER_MS);
  }

  found(count, hasMore, took_ms) {
    this.calm();
    this.#say(count ? `${hasMore ? "The best " : ""}${counted(count, "picture", "pictures")}` : "");
    this.#find("timing").textContent = count ? timing(took_ms) : "";
  }

  /** Nothing to show, and what to do about it. */
  empty(title, text) {
    this.#find("empty").hidden = false;
    this.#find("empty-title").textContent = title;
    this.#find("empty-text").textContent = text;
    this.#say(title);
  }

  /** What was found before still stands beside it; `retry`, if given, is offered as a button. */
  error(sentence, retry = null) {
    this.#retry = retry;
    this.#find("error-retry").hidden = !retry;
    this.#find("error-text").textContent = sentence;
    this.#find("error").hidden = false;
  }

  calm() {
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
