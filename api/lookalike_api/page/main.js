// The entry point: turns a person's actions into searches, and answers into what the page shows.

import { Api } from "./api.js";
import { readAddress, writeAddress } from "./address.js";
import { Detail } from "./detail.js";
import { Failed } from "./failed.js";
import { Fields } from "./fields.js";
import { Filters } from "./filters.js";
import { Gallery } from "./gallery.js";
import { Intake } from "./intake.js";
import { Jobs } from "./jobs.js";
import { Key } from "./key.js";
import { Notice } from "./notice.js";
import { Pictures } from "./pictures.js";
import { Previews } from "./previews.js";
import { MAX_PICTURES, PicturesQuery, StoredQuery } from "./query.js";
import { Search } from "./search.js";
import { grouped, nameOf } from "./text.js";

const find = (name) => document.getElementById(name);
const api = new Api(new Key(find("key")));
const pictures = new Pictures(api);
const search = new Search(api);
const notice = new Notice(document);
const fields = new Fields(
  api,
  { button: find("more-filters"), panel: find("fields"), chips: find("chips") },
  { changed: () => go(query), failed: (error) => notice.error(error.message) },
);
const filters = new Filters(find("filters"), fields, (how) => go(query, how));
const gallery = new Gallery(find("gallery"), find("tile-template"), pictures, {
  open: (match) => detail.show(match),
  more: (match) => moreLike(match),
});
const detail = new Detail(find("detail"), pictures, {
  more: (match) => moreLike(match),
  add: (match) => addStored(match),
  only: (match) => onlyLabel(match.name),
  beside: (match, step) => gallery.beside(match, step),
});
const previews = new Previews(find("query"), find("preview-template"), pictures, {
  drop: (file) => go(query.without(file)),
  clear: () => go(null),
});
const intake = new Intake(find("files"), find("veil"), take);
const failed = new Failed(api, find("failed"), find("failure-template"));

let query = null;
/** A person's own pictures have no address. History entries refer to this map, which lasts as long as the page. */
const uploads = new Map();

/** Search with `next`, or return to the start if it is null; `how` is the history method: push or replace. */
function go(next, how = "push") {
  query = next;
  const entry = next instanceof PicturesQuery ? remember(next) : null;
  history[`${how}State`]({ entry }, "", writeAddress(next?.id ?? null, filters.value));
  return show();
}

function remember(upload) {
  const entry = [...uploads].find(([, other]) => other === upload);
  // An entry of an earlier load of this page must not match one of this load.
  const name = entry?.[0] ?? `${performance.timeOrigin}/${uploads.size}`;
  uploads.set(name, upload);
  return name;
}

/** Show the search of the address and the history entry: at the start, and after back or forward. */
function restore() {
  const address = readAddress(location);
  filters.value = address.filters;
  query = address.id ? new StoredQuery(address.id) : uploads.get(history.state?.entry) ?? null;
  return show();
}

async function show() {
  previews.show(query);
  filters.isShown = query !== null;
  document.body.classList.toggle("is-searching", query !== null);
  find("load-more").hidden = true;
  if (!query) {
    search.cancel();
    gallery.replace([]);
    gallery.isBusy = false;
    return notice.clear();
  }
  notice.busy();
  fields.refresh(filters.value.name);
  if (!gallery.matches.length) {
    gallery.showPlaceholders(filters.value.k);
  }
  await page(() => search.begin(query, filters.value), (answer) => gallery.replace(answer.matches), show);
}

async function loadMore() {
  const place = gallery.matches.length;
  await page(() => search.more(), (answer) => gallery.append(answer.matches), loadMore);
  gallery.focus(Math.min(place, gallery.matches.length - 1));
}

/** Request a page of results and show it. An outdated answer is null and shows nothing. */
async function page(ask, put, retry) {
  gallery.isBusy = true;
  try {
    const answer = await ask();
    if (answer) {
      put(answer);
      report(answer);
    }
  } catch (error) {
    fail(error, retry);
  }
}

function report({ hasMore, took_ms }) {
  gallery.isBusy = false;
  find("load-more").hidden = !hasMore;
  notice.found(gallery.matches.length, hasMore, took_ms);
  if (!gallery.matches.length) {
    const { name, minScore, conditions } = filters.value;
    if (conditions.length) {
      notice.empty("No matches with these filters", "Remove one of them, or choose a wider range.");
    } else if (name || minScore) {
      notice.empty("No matches with these filters", "Choose another label, or a lower minimum score.");
    } else {
      notice.empty("No pictures to compare with yet", "Add pictures with `lookalike ingest FOLDER`.");
    }
  }
}

function fail(error, retry) {
  gallery.isBusy = false;
  if (retry === show) {
    gallery.replace([]);
    notice.clear();
  }
  notice.error(error.message, error.isTemporary ? retry : null);
}

function take(files, isAdding) {
  const next = isAdding && query instanceof PicturesQuery ? query.with(files) : new PicturesQuery(files);
  if (!files.length) {
    notice.error("That is not a file. Save the picture first, then drop it here.");
  } else if (next.files.length > MAX_PICTURES) {
    notice.error(`Search with at most ${MAX_PICTURES} pictures at once.`);
  } else if (isAdding && query instanceof StoredQuery) {
    return addToStored(files);
  } else {
    return go(next);
  }
}

/** Fetch the stored picture as a file, so that it can be combined with other files. */
async function addToStored(files) {
  try {
    const stored = await pictures.file(query.id, query.name ?? "stored picture");
    return go(new PicturesQuery([stored, ...files]));
  } catch (error) {
    return notice.error(error.message);
  }
}

async function addStored(match) {
  try {
    return take([await pictures.file(match.id, nameOf(match))], true);
  } catch (error) {
    return notice.error(error.message);
  }
}

function moreLike(match) {
  const done = go(new StoredQuery(match.id, nameOf(match)));
  window.scrollTo({ top: 0 });
  find("results").focus({ preventScroll: true });
  return done;
}

function onlyLabel(name) {
  filters.value = { ...filters.value, name };
  return go(query);
}

async function loadFacts() {
  try {
    const { index, model, documents } = await api.json("info");
    // Without the model's fingerprint and dimension, which only programs need.
    const facts = [`${grouped(documents)} pictures`, index, model.split(" (")[0]];
    const fact = (textContent) => Object.assign(document.createElement("bdi"), { textContent });
    find("facts").replaceChildren(...facts.map(fact));
    filters.labels = (await api.json("labels")).labels;
    await fields.load();
  } catch (error) {
    notice.error(error.message, error.isTemporary ? loadFacts : null);
  }
}

/** Move the focus to the results without a new history entry, which would count as a search. */
function skip(event) {
  event.preventDefault();
  find("results").focus();
}

find("skip").addEventListener("click", skip);
find("choose").addEventListener("click", () => intake.choose(false));
find("add").addEventListener("click", () => intake.choose(true));
find("load-more").addEventListener("click", loadMore);
window.addEventListener("popstate", restore);

// These requests ask for the key, if the service requires one.
const begun = [restore(), loadFacts()];
document.body.classList.remove("is-starting");
await Promise.all(begun);
new Jobs(
  api,
  { dialog: find("jobs"), template: find("job-template"), button: find("jobs-button"), badge: find("jobs-badge") },
  { failed: (job) => failed.show(job), ended: loadFacts },
);
