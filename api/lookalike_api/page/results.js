// The results of the current search: asks for them page by page, shows them, and says how many there are.

import { DEFAULTS } from "./address.js";
import { Search } from "./search.js";
import { orderedBy } from "./text.js";

export class Results {
  #search;
  #gallery;
  #notice;
  #button;
  #query = null;
  #filters = null;

  constructor(api, gallery, notice, button) {
    [this.#search, this.#gallery, this.#notice, this.#button] = [new Search(api), gallery, notice, button];
    button.addEventListener("click", () => this.#more());
  }

  /** Search, and show the first page. */
  async show(query, filters) {
    [this.#query, this.#filters] = [query, filters];
    this.#button.hidden = true;
    if (!query.isWanted) {
      this.clear();
      return this.#notice.empty("Nothing is wanted yet", "Add a picture that the results shall be like.");
    }
    this.#notice.busy();
    if (!this.#gallery.matches.length) {
      this.#gallery.showPlaceholders(filters.k);
    }
    const put = ({ matches }) => this.#gallery.replace(matches, (match) => orderedBy(match, filters.sort));
    return this.#page(() => this.#search.begin(query, filters), put, (error) => this.#fail(error));
  }

  /** Show nothing; an answer that arrives later counts no more. */
  clear() {
    this.#search.cancel();
    this.#gallery.replace([]);
    this.#gallery.isBusy = false;
    this.#button.hidden = true;
    this.#notice.clear();
  }

  async #more() {
    const place = this.#gallery.matches.length;
    const put = ({ matches }) => this.#gallery.append(matches);
    await this.#page(() => this.#search.more(), put, (error) => this.#failMore(error));
    this.#gallery.focus(Math.min(place, this.#gallery.matches.length - 1));
  }

  /** Request a page of results and show it. An outdated answer is null and shows nothing. */
  async #page(ask, put, fail) {
    this.#gallery.isBusy = true;
    try {
      const answer = await ask();
      if (answer) {
        put(answer);
        this.#report(answer);
      }
    } catch (error) {
      this.#gallery.isBusy = false;
      fail(error);
    }
  }

  #report(answer) {
    this.#gallery.isBusy = false;
    this.#button.hidden = !answer.hasMore;
    const { sort, groupBy, diversity } = this.#filters;
    const isChosen = sort !== DEFAULTS.sort || groupBy || diversity;
    this.#notice.found(this.#gallery.matches.length, answer, isChosen ? answer.candidates : null);
    if (!this.#gallery.matches.length) {
      this.#notice.empty(...emptiness(this.#filters));
    }
  }

  #again() {
    return this.show(this.#query, this.#filters);
  }

  #fail(error) {
    this.#gallery.replace([]);
    this.#notice.clear();
    this.#notice.error(error.message, error.isTemporary ? () => this.#again() : null);
  }

  /** The shown results stay. A cursor that is refused is one of an index that has moved to another version. */
  #failMore(error) {
    if (error.status === 400) {
      const sentence = "The index has changed since this search began, so it has no next page.";
      this.#notice.error(sentence, () => this.#again());
    } else {
      this.#notice.error(error.message, error.isTemporary ? () => this.#more() : null);
    }
  }
}

/** Why there are no results: a title, and what to do. */
function emptiness({ name, minScore, conditions }) {
  if (conditions.length) {
    return ["No matches with these filters", "Remove one of them, or choose a wider range."];
  }
  if (name || minScore) {
    return ["No matches with these filters", "Choose another label, or a lower minimum score."];
  }
  return ["No pictures to compare with yet", "Add pictures with `lookalike ingest FOLDER`."];
}
