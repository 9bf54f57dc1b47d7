// The entry point: turns a person's actions into searches. The collection, a search and the dialogs are loaded later.

import { Api, Problem } from "./api.js";
import { marked, styled } from "./assets.js";
import { Entries } from "./entries.js";
import { Example } from "./example.js";
import { Intake } from "./intake.js";
import { Key } from "./key.js";
import { Later } from "./later.js";
import { Notice } from "./notice.js";
import { Pictures } from "./pictures.js";
import { MAX_EXAMPLES, Query, stored } from "./query.js";
import { grouped, nameOf } from "./text.js";

//: At the latest, the rest of the page is loaded this long after its first sight.
const REST_MS = 2000;

const find = (name) => document.getElementById(name);
const api = new Api(new Key());
const pictures = new Pictures(api);
const notice = new Notice(document);
const entries = new Entries();
const failed = (sentence, retry) => notice.error(sentence, retry);

const collection = new Later(
  () => Promise.all([
    import("./collection.js"), styled("collection.css"), marked("collection.html", find("collection")),
  ]),
  ([{ Collection }]) => new Collection(find("collection"), find("tile-template"), api, pictures, {
    open: showDetail,
    more: (picture) => moreLike(picture),
    narrow,
    failed: (error, retry) => failed(error.message, error.isTemporary ? retry : null),
  }),
  failed,
);
const searching = new Later(
  () => Promise.all([import("./search_view.js"), styled("filters.css")]),
  ([{ SearchView }]) => {
    const view = new SearchView(api, pictures, notice, find, {
      filtered: (how) => go(query, how),
      changed: change,
      part: (example) => panels.use((all) => all.showPart(example)),
      open: showDetail,
      more: (match) => moreLike(match),
      add: (match) => addStored(match, 1),
      less: (match) => addStored(match, -1),
      like: (matches) => searchFromResults(new Query(weighed(matches, 1))),
      unlike: (matches) => searchFromResults(withMore(weighed(matches, -1))),
      export: (...what) => panels.use((all) => all.showExport(...what, query?.unaddressed.length ?? 0)),
      failed,
    });
    view.filters = given;
    return view;
  },
  failed,
);
const panels = new Later(
  () => Promise.all([import("./panels.js"), styled("dialog.css"), marked("dialogs.html")]),
  ([{ Panels }]) => new Panels(api, pictures, find, {
    more: moreLike,
    add: (match, region) => addStored(match, 1, region),
    less: (match, region) => addStored(match, -1, region),
    only: (match) => narrow({ name: match.name }),
    beside: (match, step) => (query ? searching : collection).now?.beside(match, step) ?? null,
    part: (example, region) => change(example, [example.with({ region })]),
    matches: () => searching.now?.matches ?? [],
    mayRetry: async () => (await facts).mayRetry,
    ended: () => {
      facts = loadFacts();
      searching.now?.refresh();
      collection.now?.refresh();
    },
    failed,
  }),
  failed,
);
const intake = new Intake(find("files"), find("veil"), take);

let query = null;
//: The filters until their form is there.
let given = entries.read().filters;
let facts = null;

function filters() {
  return searching.now?.filters ?? given;
}

function filterBy(value) {
  given = value;
  if (searching.now) {
    searching.now.filters = value;
  }
}

/** Search with `next`, or return to the start if it is null; `how` is the history method: push or replace. */
function go(next, how = "push") {
  query = next?.examples.length ? next : null;
  entries.write(query, filters(), how);
  return show();
}

/** Show the search of the address and the history entry, and what is open above it. */
async function restore() {
  const entry = entries.read();
  filterBy(entry.filters);
  query = entry.query;
  collection.now?.read();
  await show(entry.missing);
  performance.mark("shown");
  if (location.hash || panels.now) {
    await panels.use((all) => all.restore());
  }
}

/** `missing`: with how many files the search of this address was made that are not here any more. */
async function show(missing = 0) {
  document.body.classList.toggle("is-searching", query !== null);
  // When the code is there, the query may be another one.
  await Promise.all([
    query ? collection.now?.show(null) : collection.use((all) => all.show(query ? null : filters())),
    query || missing || searching.now ? searching.use((view) => view.show(query, missing)) : null,
  ]);
}

function take(files, isAdding) {
  if (!files.length) {
    return notice.error("That is not a file. Save the picture first, then drop it here.");
  }
  const examples = files.map((file) => new Example({ file }));
  return search(isAdding ? withMore(examples) : new Query(examples));
}

/** A text is one more example: models with a text side know what it is about. */
function say(event) {
  event.preventDefault();
  const words = find("words");
  const example = new Example({ text: words.value.trim() });
  words.value = "";
  return search(withMore([example]));
}

function withMore(examples) {
  return (query ?? new Query([])).with(examples);
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

function weighed(matches, weight) {
  return matches.map((match) => stored(match, nameOf(match), { weight }));
}

function searchFromResults(next) {
  const done = search(next);
  window.scrollTo({ top: 0 });
  find("results").focus({ preventScroll: true });
  return done;
}

/** Change some of the filters. */
function narrow(some) {
  filterBy({ ...filters(), ...some });
  return go(query);
}

function showDetail(match) {
  return panels.use((all) => all.showDetail(match));
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
    return { mayRetry: may_retry };
  } catch (error) {
    if (!error.isNothingYet) {
      notice.error(error.message, error.isTemporary ? () => (facts = loadFacts()) : null);
    }
    return { mayRetry: false };
  }
}

/** Move the focus to the results without a new history entry, which would count as a search. */
function skip(event) {
  event.preventDefault();
  find("results").focus();
}

/** Load what a person may want next. Who wants it before does not wait for this. */
async function loadRest() {
  await new Promise((done) => {
    // Safari has no idle callbacks.
    window.requestIdleCallback?.(done, { timeout: REST_MS }) ?? setTimeout(done);
  });
  const rest = [panels.get().then((all) => all.begin()), searching.get(), collection.get()];
  await Promise.all(rest.map((part) => part.catch(ignored)));
}

/** A part that is away now is loaded when somebody wants it. */
function ignored(error) {
  if (!(error instanceof Problem)) {
    throw error;
  }
}

find("skip").addEventListener("click", skip);
find("choose").addEventListener("click", () => intake.choose(false));
find("add").addEventListener("click", () => intake.choose(true));
find("saying").addEventListener("submit", say);
find("jobs-button").addEventListener("click", () => panels.use((all) => all.showJobs()));
window.addEventListener("popstate", restore);

// These requests ask for the key, if the service requires one.
facts = loadFacts();
if (entries.read().query) {
  // So that nothing moves when it is there. If it cannot be had, `restore` says so.
  await searching.get().catch(() => null);
}
const begun = [restore(), facts];
document.body.classList.remove("is-starting");
await Promise.all(begun);
await loadRest();
