// The dialogs of the page. Each is loaded when somebody wants it, or after the page's first sight.

import { Views } from "./views.js";

export class Panels {
  #api;
  #pictures;
  #on;
  #views;
  #loads;

  /** `element(id)` finds an element of the page. `on` has what Detail's `on` has but `shown`, and `part(example, region)`,
   * `picture(id)`, which gives a match or null, `mayRetry()`, `ended()` as of Jobs, and `failed(sentence, retry)`. */
  constructor(api, pictures, element, on) {
    [this.#api, this.#pictures, this.#on] = [api, pictures, on];
    const [detail, jobs, failed] = ["detail", "jobs", "failed"].map(element);
    this.#views = new Views({ picture: detail, jobs, failed }, {
      picture: (id) => this.#showPicture(id),
      jobs: () => this.#showJobs(),
      failed: (id) => this.showFailed(id),
    });
    this.#loads = {
      detail: later(() => import("./detail.js"), ({ Detail }) => this.#detail(Detail, detail)),
      part: later(() => import("./part.js"), ({ Part }) => new Part(element("part"), pictures, on.part)),
      export: later(() => import("./export.js"), ({ Export }) => new Export(element("export"))),
      failed: later(() => import("./failed.js"), ({ Failed }) => new Failed(api, failed, element("failure-template"))),
      jobs: later(() => import("./jobs.js"), ({ Jobs }) => this.#jobs(Jobs, jobs, element)),
    };
    // At once: somebody may press it before what watches the jobs is there.
    element("jobs-button").addEventListener("click", () => this.#showJobs());
  }

  /** Load the styles of all dialogs, which nobody sees at first. */
  loadStyles() {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "page/dialog.css" });
    document.head.append(link);
  }

  /** Begin to watch the jobs. */
  begin() {
    return this.#use("jobs", () => {});
  }

  /** Open what the address names. */
  restore() {
    return this.#views.restore();
  }

  showDetail(match) {
    return this.#use("detail", (detail) => detail.show(match));
  }

  showPart(example) {
    return this.#use("part", (part) => part.show(example));
  }

  showExport(...what) {
    return this.#use("export", (dialog) => dialog.show(...what));
  }

  async showFailed(id) {
    this.#views.show("failed", id);
    const mayRetry = await this.#on.mayRetry();
    return this.#use("failed", (failed) => failed.show(id, mayRetry));
  }

  #showJobs() {
    return this.#use("jobs", (jobs) => jobs.open());
  }

  async #showPicture(id) {
    const match = await this.#on.picture(id);
    return match && this.showDetail(match);
  }

  #detail(Detail, element) {
    return new Detail(element, this.#pictures, {
      ...this.#on,
      shown: (match) => this.#views.show("picture", match.id),
    });
  }

  #jobs(Jobs, dialog, element) {
    return new Jobs(this.#api, { dialog, template: element("job-template"), badge: element("jobs-badge") }, {
      failed: (job) => this.showFailed(job.id),
      ended: this.#on.ended,
      opened: () => this.#views.show("jobs"),
    });
  }

  /** Use a dialog that may not be loaded yet. */
  async #use(name, does) {
    let loaded;
    try {
      loaded = await this.#loads[name]();
    } catch {
      const sentence = "A part of the page could not be loaded. Is the service still running?";
      this.#on.failed(sentence, () => this.#use(name, does));
      return;
    }
    does(loaded);
  }
}

/** A function that loads a module at its first call, makes something of it with `make(module)`, and gives that. */
function later(load, make) {
  let made = null;
  return () => {
    made ??= load().then(make, (error) => {
      // The next call tries again.
      made = null;
      throw error;
    });
    return made;
  };
}
