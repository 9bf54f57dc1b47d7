// The entry point of the page of near-duplicates: a person compares all pictures, decides, and takes a list away.

import { Api } from "./api.js";
import { Closer } from "./closer.js";
import { Comparison, isRunning, PER_PAGE } from "./comparison.js";
import { described, isCondition, toParameters } from "./conditions.js";
import { toCsv, toJson } from "./decision_list.js";
import { Decisions } from "./decisions.js";
import { save } from "./files.js";
import { Groups } from "./groups.js";
import { Key } from "./key.js";
import { sizeOf } from "./measures.js";
import { Pictures } from "./pictures.js";
import { counted, grouped } from "./text.js";

const DEFAULT = "0.98";
const find = (name) => document.getElementById(name);
const api = new Api(new Key());
const pictures = new Pictures(api);
const comparison = new Comparison(api, { changed: show, failed: fail });
const closer = new Closer(find("closer"), pictures);
const templates = { group: find("group-template"), member: find("member-template") };
const groups = new Groups(find("groups"), templates, pictures, {
  closer: (images, place) => closer.show(images, place),
  decided,
  ended: turn,
});

let decisions = null;
let beginning = null;
let total = 0;
let retry = null;
//: Which group gets the focus when the next page is there: 0 or -1.
let focused = null;

/** What the address asks for: the threshold as text or null, the conditions on pictures, and the first group. */
function asked() {
  const parameters = new URLSearchParams(location.search);
  const threshold = Number.parseFloat(parameters.get("threshold"));
  const offset = Number.parseInt(parameters.get("offset"), 10);
  return {
    threshold: threshold >= -1 && threshold <= 1 ? String(threshold) : null,
    conditions: [...parameters].filter(([name]) => isCondition(name)),
    offset: offset > 0 ? offset : 0,
  };
}

function parametersOf({ threshold, conditions }) {
  return { threshold, ...toParameters(conditions, "") };
}

/** Go to another address of this page; parameters that are null or 0 are left out. */
function go(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) {
      url.searchParams.set(name, value);
    } else {
      url.searchParams.delete(name);
    }
  }
  history.pushState(null, "", url);
  return restore();
}

/** Show what the address asks for. */
function restore() {
  const now = asked();
  find("threshold").value = now.threshold ?? DEFAULT;
  // The slider has no place for a very low one.
  showThreshold(now.threshold ?? DEFAULT);
  const conditions = now.conditions.map(described).join(", ");
  find("conditions").hidden = !conditions;
  find("conditions").textContent = `Among pictures with ${conditions}.`;
  return comparison.show(parametersOf(now), now.offset);
}

function showThreshold(threshold) {
  find("threshold-shown").textContent = Number(threshold).toFixed(3).replace(/0$/u, "");
}

/** Show how far the comparison is, or its groups. */
function show(answer) {
  const { state, error } = answer;
  find("error").hidden = state !== "failed";
  find("error-text").textContent = error;
  find("error-retry").hidden = true;
  find("compare").disabled = isRunning(answer);
  find("compare").textContent = state === "finished" ? "Compare again" : "Compare all pictures";
  showProgress(answer);
  find("review").hidden = state !== "finished";
  if (state === "finished") {
    showGroups(answer);
  }
}

function showProgress({ state, images, read, compared, ...answer }) {
  const isReading = state !== "comparing";
  const bar = find("progress-bar");
  bar.max = Math.max(1, images);
  if (state === "waiting") {
    bar.removeAttribute("value");
  } else {
    bar.value = isReading ? read : compared;
  }
  const text = isReading ? `${grouped(read)} of ${counted(images, "picture", "pictures")} read` :
    `${grouped(compared)} of ${counted(images, "picture", "pictures")} compared`;
  find("progress-text").textContent = state === "waiting" ? "Waiting for another comparison …" : text;
  find("progress").hidden = !isRunning({ state, ...answer });
}

function showGroups(answer) {
  const { offset } = asked();
  ({ total } = answer);
  const compared = counted(answer.images, "picture", "pictures");
  const what = answer.threshold === null ? "identical pictures" : "identical or near pictures";
  if (answer.threshold === null) {
    find("threshold-shown").textContent = "identical only";
  }
  find("found").textContent = total
    ? `${counted(total, "group", "groups")} of ${what} among ${compared}` : `No ${what} among ${compared}`;
  groups.show(answer.groups, offset, decisions);
  find("keys").hidden = !answer.groups.length;
  find("groups").hidden = !answer.groups.length;
  find("former").disabled = !offset;
  find("further").disabled = answer.next === null;
  find("turning").hidden = !offset && answer.next === null;
  showDecided();
  if (focused !== null) {
    groups.focus(focused);
    focused = null;
  }
}

function showDecided() {
  const { removed, count } = decisions;
  const bytes = removed.reduce((sum, { size_bytes }) => sum + (size_bytes ?? 0), 0);
  const size = bytes ? ` (${sizeOf(bytes)})` : "";
  find("decided").textContent = count
    ? `${counted(count, "group", "groups")} decided, ${counted(removed.length, "picture", "pictures")} to remove${size}`
    : "Nothing decided yet";
  for (const name of ["save-csv", "save-json"]) {
    find(name).disabled = !removed.length;
  }
  find("forget").disabled = !count;
}

/** After a decision; `isKept`: whether the browser has room for it. */
function decided(isKept) {
  showDecided();
  if (!isKept) {
    fail({ message: "This browser keeps no more decisions. Save the list, then forget the decisions." });
  }
}

/** Go on to further groups, or back to former ones. */
function turn(step) {
  const { offset } = asked();
  const next = offset + step * PER_PAGE;
  if (next > -PER_PAGE && next < total) {
    focused = step > 0 ? 0 : -1;
    go({ offset: Math.max(0, next) });
  }
}

function fail(error, again = null) {
  retry = again;
  find("error-text").textContent = error.message;
  find("error-retry").hidden = !(again && error.isTemporary);
  find("error").hidden = false;
  find("compare").disabled = false;
}

function forget() {
  decisions.forget();
  groups.refresh();
  showDecided();
}

async function compare(event) {
  event.preventDefault();
  await begin();
  if (!decisions) {
    return;
  }
  const now = asked();
  if (now.offset) {
    go({ offset: 0 });
  }
  await comparison.start(parametersOf(now));
}

/** Show the controls, or instead of them a sentence on what to do first. */
function reveal(isThere, sentence) {
  find("nothing").textContent = sentence;
  find("nothing").hidden = isThere;
  find("asking").hidden = !isThere;
}

/** Once; after a failure again. */
function begin() {
  beginning ??= load();
  return beginning;
}

/** The decisions belong to an index. With an API key, they are kept as long as the key. */
async function load() {
  try {
    const { index, documents } = await api.json("info");
    reveal(documents > 0, "No pictures yet. Add some with `lookalike ingest FOLDER`.");
    decisions = new Decisions(api.key.value ? sessionStorage : localStorage, index);
    restore();
  } catch (error) {
    beginning = null;
    if (error.isNothingYet) {
      reveal(false, error.message);
    } else {
      fail(error, begin);
    }
  }
}

find("asking").addEventListener("submit", compare);
find("threshold").addEventListener("input", ({ target }) => showThreshold(target.value));
find("threshold").addEventListener("change", ({ target }) =>
  go({ threshold: Number(target.value) === Number(DEFAULT) ? null : target.value, offset: 0 }));
find("error-retry").addEventListener("click", () => {
  find("error").hidden = true;
  retry?.();
});
find("former").addEventListener("click", () => turn(-1));
find("further").addEventListener("click", () => turn(1));
find("save-csv").addEventListener("click", () => save("duplicates.csv", "text/csv", toCsv(decisions.list)));
find("save-json").addEventListener("click", () => save("duplicates.json", "application/json", toJson(decisions.list)));
find("forget").addEventListener("click", forget);
window.addEventListener("popstate", () => decisions && restore());
await begin();
