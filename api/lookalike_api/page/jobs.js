// The list of jobs with their progress and speed, refreshed while the page is visible.

import { Dialog } from "./dialog.js";
import { lasting, timeOf } from "./measures.js";
import { done, meanRate, Rates, secondsLeft } from "./rates.js";
import { counted, grouped } from "./text.js";

//: Milliseconds between refreshes: while a job runs or the list is open, and otherwise.
const NEAR_MS = 2000;
const FAR_MS = 30000;
const ENDS = new Set(["finished", "failed", "interrupted", "cancelled"]);

export class Jobs {
  #api;
  #dialog;
  #template;
  #badge;
  #on;
  #rates = new Rates();
  #timer = 0;
  #running = 0;

  /** `on` has `failed(job)`, which shows its rejected pictures, `ended()`, called when a running job ends, and
   * `opened()`. */
  constructor(api, { dialog, template, badge }, on) {
    [this.#api, this.#template, this.#badge, this.#on] = [api, template, badge, on];
    this.#dialog = new Dialog(dialog);
    document.addEventListener("visibilitychange", () => this.#refresh());
    this.#refresh();
  }

  open() {
    this.#dialog.open();
    this.#on.opened();
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const { jobs } = await this.#api.json("jobs", { isQuiet: true });
      this.#show(jobs);
    } catch (error) {
      this.#badge.hidden = true;
      this.#say(error.message);
    }
    clearTimeout(this.#timer);
    const isNear = this.#dialog.isOpen || this.#running;
    this.#timer = setTimeout(() => this.#refresh(), isNear ? NEAR_MS : FAR_MS);
  }

  #show(jobs) {
    const running = jobs.filter((job) => !ENDS.has(job.state));
    if (running.length < this.#running) {
      this.#on.ended();
    }
    this.#running = running.length;
    this.#badge.hidden = !running.length;
    this.#badge.textContent = running.length ? `${percentage(running)} %` : "";
    const now_s = performance.now() / 1000;
    const rates = new Map(running.map((job) => [job.id, this.#rates.of(job, now_s)]));
    this.#rates.keep(running);
    this.#say(jobs.length ? "" : "No job yet: `lookalike ingest ~/Pictures` starts one.");
    if (this.#dialog.isOpen) {
      this.#list(jobs, rates);
    }
  }

  #say(sentence) {
    const hint = this.#dialog.find("#jobs-hint");
    if (hint.textContent !== sentence) {
      hint.textContent = sentence;
    }
  }

  /** Keeps the elements of known jobs, so that the keyboard focus stays where it is. */
  #list(jobs, rates) {
    const list = this.#dialog.find("#job-list");
    const shown = new Map([...list.children].map((item) => [item.dataset.job, item]));
    const items = jobs.map((job) => fill(shown.get(job.id) ?? this.#item(job), job, rates.get(job.id) ?? null));
    if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at])) {
      list.replaceChildren(...items);
    }
  }

  #item(job) {
    const item = this.#template.content.cloneNode(true).firstElementChild;
    item.dataset.job = job.id;
    item.querySelector(".show-failed").addEventListener("click", () => this.#on.failed(job));
    return item;
  }
}

function percentage(jobs) {
  const [sum, found] = [done, (job) => job.found].map((count) => jobs.reduce((total, job) => total + count(job), 0));
  return found ? Math.floor((100 * sum) / found) : 0;
}

/** Show a job; `rate` is that of a running one, or null. */
function fill(item, job, rate) {
  const text = (selector, words) => (item.querySelector(selector).textContent = words);
  text(".job-name", job.source || job.index);
  text(".state", job.state);
  item.querySelector(".state").dataset.state = job.state;
  text(".when", [timeOf(job.began), `index ${job.index}`, job.model].filter(Boolean).join(" · "));
  text(".counts", counts(job));
  text(".speed", speed(job, rate));
  text(".job-error", job.error ?? "");
  const progress = item.querySelector("progress");
  [progress.max, progress.value] = [Math.max(1, job.found), done(job)];
  progress.hidden = ENDS.has(job.state);
  progress.setAttribute("aria-label", `Progress of ${job.source || job.index}`);
  const reasons = Object.entries(job.reasons ?? {}).map(([reason, count]) => chip(`${reason} ${grouped(count)}`));
  item.querySelector(".reasons").replaceChildren(...reasons);
  item.querySelector(".reasons").hidden = !reasons.length;
  text(".show-failed", `Show ${counted(job.rejected, "failed picture", "failed pictures")}`);
  item.querySelector(".show-failed").hidden = !job.rejected;
  return item;
}

function counts(job) {
  if (job.kind === "map") {
    return `${grouped(job.placed)} of ${grouped(job.found)} on the map`;
  }
  const parts = ["indexed", "unchanged", "rejected"].map((name) => `${grouped(job[name])} ${name}`);
  const sum = parts.join(" + ");
  const found = grouped(job.found);
  return ENDS.has(job.state) ? `${found} found = ${sum}` : `${grouped(done(job))} of ${found}: ${sum}`;
}

/** "12.3 pictures a second · about 4 min left"; of a job that has ended, how long it took. */
function speed(job, rate) {
  const isEnded = ENDS.has(job.state);
  const each = isEnded ? meanRate(job) : rate;
  const left = isEnded ? null : secondsLeft(job, rate);
  const parts = [
    isEnded ? `took ${lasting(job.seconds)}` : "",
    each === null ? "" : `${each.toFixed(each < 10 ? 1 : 0)} pictures a second`,
    left === null ? "" : `about ${lasting(left)} left`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function chip(words) {
  return Object.assign(document.createElement("li"), { textContent: words });
}
