// The wiring: what a person does, turned into searches, and their answers into what the page shows.

import { Api } from "./api.js";
import { readAddress, writeAddress } from "./address.js";
import { Detail } from "./detail.js";
import { Failed } from "./failed.js";
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
const filters = new Filters(find("filters"), () => go(query, "replace"));
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
/** Pictures of a person have no address: the history's entries name them here, while the page lives. */
const remembered = new Map();

/** Search with `wanted`, or return to the beginning when it is null; `how` it enters the history. */
function go(wanted, how = "push") {
  query = wanted;
  const entry = wanted instanceof PicturesQuery ? remember(wanted) : null;
  history[`${how}State`]({ entry }, "", writeAddress(wanted?.id ?? null, filters.value));
  return show();
}

function remember(wanted) {
  const known = [...remembered].find(([, kept]) => kept === wanted);
  // Entries of an earlier life of this page must not be taken for ours.
  const name = known?.[0] ?? `${performance.timeOrigin}/${remembered.size}`;
  remembered.set(name, wanted);
  return name;
}

/** What the address and the history's entry ask for: at the start, and after back or forward. */
function restore() {
  const asked = readAddress(location);
  filters.value = asked.filters;
  query = asked.id ? new StoredQuery(asked.id) : remembered.get(history.state?.entry) ?? null;
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
    return notice.calm();
  }
  notice.busy();
  if (!gallery.matches.length) {
    gallery.promise(filters.value.k);
  }
  await page(() => search.begin(query, filters.value), (answer) => gallery.replace(answer.matches), show);
}

async function loadMore() {
  const place = gallery.matches.length;
  await page(() => search.more(), (answer) => gallery.append(answer.matches), loadMore);
  gallery.focus(Math.min(place, gallery.matches.length - 1));
}

/** Ask for a page of results and show it; an answer that comes too late is null and shows nothing. */
async function page(ask, put, retry) {
  gallery.isBusy = true;
  try {
    const answer = await ask();
    if (answer) {
      put(answer);
      report(answer);
    }
  } catch (error) {
    refuse(error, retry);
  }
}

function report({ hasMore, took_ms }) {
  gallery.isBusy = false;
  find("load-more").hidden = !hasMore;
  notice.found(gallery.matches.length, hasMore, took_ms);
  if (!gallery.matches.length) {
    const { name, minScore } = filters.value;
    if (name || minScore) {
      notice.empty("Nothing alike within these filters", "Choose another label, or a lower minimum score.");
    } else {
      notice.empty("Nothing to compare with yet", "Take in pictures with `lookalike ingest FOLDER`.");
    }
  }
}

function refuse(error, retry) {
  gallery.isBusy = false;
  if (retry === show) {
    gallery.replace([]);
    notice.calm();
  }
  notice.error(error.message, error.isTemporary ? retry : null);
}

function take(files, isAdding) {
  const wanted = isAdding && query instanceof PicturesQuery ? query.with(files) : new PicturesQuery(files);
  if (!files.length) {
    notice.error("That was no file. Save the picture first, then drop it here.");
  } else if (wanted.files.length > MAX_PICTURES) {
    notice.error(`Search with at most ${MAX_PICTURES} pictures at once.`);
  } else if (isAdding && query instanceof StoredQuery) {
    return addToStored(files);
  } else {
    return go(wanted);
  }
}

/** A stored picture becomes a file, so that it can be searched with together with others. */
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
  return go(query, "replace");
}

async function learn() {
  try {
    const { index, model, documents } = await api.json("info");
    // The model's fingerprint and dimension are for the index, not for the head of a page.
    const facts = [`${grouped(documents)} pictures`, index, model.split(" (")[0]];
    const fact = (textContent) => Object.assign(document.createElement("bdi"), { textContent });
    find("facts").replaceChildren(...facts.map(fact));
    filters.labels = (await api.json("labels")).labels;
  } catch (error) {
    notice.error(error.message, error.isTemporary ? learn : null);
  }
}

/** To the results without a new entry in the history, whose return would be taken for a search. */
function skip(event) {
  event.preventDefault();
  find("results").focus();
}

find("skip").addEventListener("click", skip);
find("choose").addEventListener("click", () => intake.choose(false));
find("add").addEventListener("click", () => intake.choose(true));
find("load-more").addEventListener("click", loadMore);
window.addEventListener("popstate", restore);

// The key, if one is wanted, is asked for here: pictures come after it.
const begun = [restore(), learn()];
document.body.classList.remove("is-starting");
await Promise.all(begun);
new Jobs(
  api,
  { dialog: find("jobs"), template: find("job-template"), button: find("jobs-button"), badge: find("jobs-badge") },
  { failed: (job) => failed.show(job), ended: learn },
);
