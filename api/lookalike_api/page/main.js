// The entry point: turns a person's actions into searches, and answers into what the page shows.

import { Api } from "./api.js";
import { Entries } from "./entries.js";
import { Example } from "./example.js";
import { Examples } from "./examples.js";
import { Fields } from "./fields.js";
import { Filters } from "./filters.js";
import { Gallery } from "./gallery.js";
import { Intake } from "./intake.js";
import { Key } from "./key.js";
import { Notice } from "./notice.js";
import { Panels } from "./panels.js";
import { Pictures } from "./pictures.js";
import { MAX_EXAMPLES, Query, stored } from "./query.js";
import { Results } from "./results.js";
import { Scores } from "./scores.js";
import { Selected } from "./selected.js";
import { Start } from "./start.js";
import { grouped, nameOf } from "./text.js";

const find = (name) => document.getElementById(name);
const api = new Api(new Key(find("key")));
const pictures = new Pictures(api);
const notice = new Notice(document);
const entries = new Entries();
const scores = new Scores(api);
const fields = new Fields(
  api,
  { button: find("more-filters"), panel: find("fields"), chips: find("chips") },
  { changed: () => go(query), failed: (error) => notice.error(error.message) },
);
const filters = new Filters(find("filters"), fields, { changed: (how) => go(query, how), aimed: aim });
const selected = new Selected(find("selected"), {
  like: () => searchSelected(1),
  unlike: () => searchSelected(-1),
  export: showExport,
  clear: clearSelection,
});
const gallery = new Gallery(find("gallery"), find("tile-template"), pictures, {
  open: (match) => panels.showDetail(match),
  more: moreLike,
  add: (match) => addStored(match, 1),
  less: (match) => addStored(match, -1),
  selected: (matches) => selected.show(matches),
});
const results = new Results(api, gallery, notice, find("load-more"));
const examples = new Examples(find("query"), find("example-template"), pictures, {
  changed: change,
  part: (example) => panels.showPart(example),
});
const panels = new Panels(api, pictures, find, {
  more: moreLike,
  add: (match, region) => addStored(match, 1, region),
  less: (match, region) => addStored(match, -1, region),
  only: (match) => narrow({ name: match.name }),
  beside: (match, step) => (query ? gallery : start).beside(match, step),
  part: (example, region) => change(example, [example.with({ region })]),
  picture: pictureOf,
  mayRetry: async () => (await facts).mayRetry,
  ended: () => {
    facts = loadFacts();
    start.refresh();
  },
  failed: (sentence, retry) => notice.error(sentence, retry),
});
const start = new Start([find("collection"), find("tile-template"), api, pictures], {
  open: (picture) => panels.showDetail(picture),
  more: (picture) => moreLike(picture),
  narrow,
  failed: (error, retry) => notice.error(error.message, error.isTemporary ? () => [notice.clear(), retry()] : null),
});
const intake = new Intake(find("files"), find("veil"), take);

let query = null;
let facts = null;

/** Search with `next`, or return to the start if it is null; `how` is the history method: push or replace. */
function go(next, how = "push") {
  query = next?.examples.length ? next : null;
  entries.write(query, filters.value, how);
  return show();
}

/** Show the search of the address and the history entry, and what is open above it: at the start, and after back or
 * forward. */
async function restore() {
  const entry = entries.read();
  filters.value = entry.filters;
  query = entry.query;
  start.restore();
  await show(entry.missing);
  await panels.restore();
}

/** `missing`: with how many files the search of this address was made that are not here any more. */
function show(missing = 0) {
  examples.show(query, missing);
  filters.isShown = query !== null;
  document.body.classList.toggle("is-searching", query !== null);
  const shown = start.show(query ? null : filters.value);
  if (!query) {
    results.clear();
    return shown;
  }
  fields.refresh(filters.value.name);
  return results.show(query, filters.value);
}

/** While a person moves the slider: fade what it would leave out, and say how many pictures remain. */
async function aim(score) {
  gallery.fade(score);
  filters.remaining = scores.above(score);
  if (query?.isWanted && (await scores.load(query, filters.value))) {
    filters.remaining = scores.above(filters.value.minScore);
  }
}

function take(files, isAdding) {
  if (!files.length) {
    return notice.error("That is not a file. Save the picture first, then drop it here.");
  }
  const given = files.map((file) => new Example({ file }));
  return search(isAdding ? withMore(given) : new Query(given));
}

/** A text is one more example: models with a text side know what it is about. */
function say(event) {
  event.preventDefault();
  const words = find("words");
  const given = new Example({ text: words.value.trim() });
  words.value = "";
  return search(withMore([given]));
}

function withMore(given) {
  return (query ?? new Query([])).with(given);
}

/** Search with a query that somebody has put together. */
function search(next) {
  if (next.examples.length > MAX_EXAMPLES) {
    return notice.error(`Search with at most ${MAX_EXAMPLES} pictures at once.`);
  }
  return go(next);
}

/** Put other examples, or none, in the place of one. */
function change(example, others) {
  return search(query.replacing(example, others));
}

function moreLike(match, region = null) {
  return searchFromResults(new Query([stored(match, nameOf(match), { region })]));
}

/** Add a match to the query: the results shall be like it or, with a negative weight, not. */
function addStored(match, weight, region = null) {
  return search(withMore([stored(match, nameOf(match), { weight, region })]));
}

/** Search with all that is selected: alone, or as what is not wanted. */
function searchSelected(weight) {
  const chosen = gallery.selection.matches.map((match) => stored(match, nameOf(match), { weight }));
  return searchFromResults(weight < 0 ? withMore(chosen) : new Query(chosen));
}

function searchFromResults(next) {
  const done = search(next);
  window.scrollTo({ top: 0 });
  find("results").focus({ preventScroll: true });
  return done;
}

/** Change some of the filters. */
function narrow(some) {
  filters.value = { ...filters.value, ...some };
  return go(query);
}

/** The focus goes where a person can select again, for the button that had it is gone. */
function clearSelection() {
  gallery.selection.clear();
  find("results").focus({ preventScroll: true });
}

function showExport() {
  return panels.showExport(gallery.matches, gallery.selection.matches, query?.unaddressed.length ?? 0);
}

/** A picture by its id: one of the results, or any other one; null if there is none. */
async function pictureOf(id) {
  const isIt = (match) => match.id === id;
  try {
    const others = async () => (await api.json("search", { parameters: { id, include_self: true } })).matches;
    return gallery.matches.find(isIt) ?? (await others()).find(isIt) ?? null;
  } catch (error) {
    notice.error(error.message);
    return null;
  }
}

/** Show what is known of the index; resolves to what this client may do. */
async function loadFacts() {
  try {
    const { index, model, documents, text = false, may_retry = false } = await api.json("info");
    find("saying").hidden = !text;
    // Without the model's fingerprint and dimension, which only programs need.
    const known = [`${grouped(documents)} pictures`, index, model.split(" (")[0]];
    const fact = (textContent) => Object.assign(document.createElement("bdi"), { textContent });
    find("facts").replaceChildren(...known.map(fact));
    filters.labels = (await api.json("labels")).labels;
    filters.known = await fields.load();
    return { mayRetry: may_retry };
  } catch (error) {
    notice.error(error.message, error.isTemporary ? () => (facts = loadFacts()) : null);
    return { mayRetry: false };
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
find("saying").addEventListener("submit", say);
find("export-button").addEventListener("click", showExport);
window.addEventListener("popstate", restore);

// These requests ask for the key, if the service requires one.
facts = loadFacts();
const begun = [restore(), facts];
document.body.classList.remove("is-starting");
panels.loadStyles();
await Promise.all(begun);
await panels.begin();
