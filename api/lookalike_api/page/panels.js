// The dialogs of the page. Each is loaded when somebody wants it.

import { Later } from "./later.js";
import { Views } from "./views.js";

export class Panels {
  #api;
  #pictures;
  #on;
  #views;
  #loads;

  /** `element(id)` finds an element of the page. `on` has what Detail's `on` has but `shown`, and `part(example, region)`,
   * `matches()`, which gives the results that are shown, `mayRetry()`, `ended()` as of Jobs, and `failed(sentence, retry)`. */
  constructor(api, pictures, element, on) {
    [this.#api, this.#pictures, this.#on] = [api, pictures, on];
    const [detail, jobs, failed] = ["detail", "jobs", "failed"].map(element);
    this.#views = new Views({ picture: detail, jobs, failed }, {
      picture: (id) => this.#showPicture(id),
      jobs: () => this.showJobs(),
      failed: (id) => this.showFailed(id),
    });
    const later = (load, make) => new Later(load, make, on.failed);
    this.#loads = {
      detail: later(() => import("./detail.js"), ({ Detail }) => this.#detail(Detail, detail)),
      part: later(() => import("./part.js"), ({ Part }) => new Part(element("part"), pictures, on.part)),
      export: later(() => import("./export.js"), ({ Export }) => new Export(element("export"))),
      failed: later(() => import("./failed.js"), ({ Failed }) => new Failed(api, failed, element("failure-template"))),
      jobs: later(() => import("./jobs.js"), ({ Jobs }) => this.#jobs(Jobs, jobs, element)),
    };
  }

  /** Begin to watch the jobs. Raises a Problem if what does so cannot be loaded. */
  begin() {
    return this.#loads.jobs.get();
  }

  /** Open what the address names. */
  restore() {
    return this.#views.restore();
  }

  showDetail(match) {
    return this.#loads.detail.use((detail) => detail.show(match));
  }

  showPart(example) {
    return this.#loads.part.use((part) => part.show(example));
  }

  showExport(...what) {
    return this.#loads.export.use((dialog) => dialog.show(...what));
  }

  async showFailed(id) {
    this.#views.show("failed", id);
    const mayRetry = await this.#on.mayRetry();
    return this.#loads.failed.use((failed) => failed.show(id, mayRetry));
  }

  showJobs() {
    return this.#loads.jobs.use((jobs) => jobs.open());
  }

  /** One of the results, or any other picture. */
  async #showPicture(id) {
    const isIt = (match) => match.id === id;
    try {
      const others = async () => (await this.#api.json("search", { parameters: { id, include_self: true } })).matches;
      const match = this.#on.matches().find(isIt) ?? (await others()).find(isIt);
      return match && this.showDetail(match);
    } catch (error) {
      return this.#on.failed(error.message);
    }
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
}
