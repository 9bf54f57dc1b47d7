// The entry point of the map: turns a person's actions into a view and a selection, and shows both.

import { Api } from "./api.js";
import { shownField } from "./conditions.js";
import { copied, save } from "./files.js";
import { Key } from "./key.js";
import { wanted } from "./later.js";
import { compact, readAddress, writeAddress } from "./map-address.js";
import { Camera, WHOLE } from "./map-camera.js";
import { coloursOf } from "./map-colours.js";
import { MapData } from "./map-data.js";
import { Gestures } from "./map-gestures.js";
import { listed, toCsv, toJson, toText } from "./map-list.js";
import { Overlay } from "./map-overlay.js";
import { painterFor } from "./map-paint.js";
import { Panel } from "./map-panel.js";
import { Pictures } from "./pictures.js";
import { counted } from "./text.js";

//: Types of fields whose values are counted, and may give the colours.
const NO_COLOUR = "text";
//: After the map has come to rest, in ms: thumbnails are chosen, and the address is written.
const REST_MS = 150;
//: How near to a point a click is a click on it, in pixels.
const NEAR = 14;
const ZOOM_STEP = 1.5;

const find = (name) => document.getElementById(name);
const api = new Api(new Key());
const pictures = new Pictures(api);
const camera = new Camera();
const painter = painterFor(find("points"));
const overlay = new Overlay(
  { shape: find("shape"), captions: find("captions"), thumbnails: find("thumbnails") }, camera, pictures, open,
);
const panel = new Panel(document, pictures, {
  field: (name) => go({ field: name }),
  cluster: (number) => go({ cluster: number === state.cluster ? null : number, area: null, isLike: false }),
  open,
  match: (match) => panel.picture(match),
});
const gestures = new Gestures(find("place"), camera, {
  viewed,
  drawn: (area) => go({ area: compact(area), cluster: null, isLike: false }),
  drawing: (corners, cross) => {
    unfinished = { corners, cross };
    repaint();
  },
  opened: (left, top) => {
    const row = data?.nearest(...camera.place(left, top), NEAR / camera.scale) ?? null;
    return row === null ? panel.picture(null) : open(row);
  },
  whole: showWhole,
  escaped: () => go({ area: null, cluster: null, isLike: false }),
  chosen: (tool) => {
    for (const button of document.querySelectorAll("[data-tool][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  },
});

let data = null;
let state = readAddress(location);
let rows = null;
let unfinished = { corners: [], cross: null };
let frame = 0;
let resting = 0;
let searching = null;

/** Change the state, as a new entry of the history. */
function go(change) {
  const next = { ...state, view: camera.view, ...change };
  history.pushState(null, "", writeAddress(next));
  return show(next);
}

/** Show a state: load the points if the colours are others, then select. */
async function show(next) {
  const isOtherField = !data || next.field !== state.field;
  state = next;
  find("error").hidden = true;
  try {
    if (isOtherField) {
      await load(state.field);
    }
    // Another state may have been chosen meanwhile.
    if (state.field === next.field) {
      select();
      await (state.isLike && rows?.length ? search() : null);
    }
  } catch (error) {
    fail(error);
  }
}

async function load(field) {
  const loaded = new MapData(await (await api.blob("map/points", { parameters: { field } })).arrayBuffer());
  if (field !== state.field) {
    return;
  }
  const hasSamePoints = data?.head.ids === loaded.head.ids;
  if (!hasSamePoints) {
    overlay.empty();
    loaded.ids = await (await api.blob("map/ids")).arrayBuffer();
  } else {
    loaded.takeIds(data);
  }
  data = loaded;
  reveal(true);
  painter.points(data);
  panel.facts(data.head);
  panel.legend(data);
  panel.clusters(data.head.clusters, state.cluster);
}

function select() {
  const { area, cluster } = state;
  rows = area ? data.inside(area) : cluster === null ? null : data.ofCluster(cluster);
  painter.colours(coloursOf(data, rows));
  panel.selection(data, rows);
  panel.mark(data.head.clusters, cluster);
  if (rows) {
    panel.say(`${counted(rows.length, "picture", "pictures")} selected.`);
  }
  viewed();
}

async function search() {
  searching?.abort();
  const mine = (searching = new AbortController());
  panel.say("Searching …");
  try {
    const { addressOf, like, queryFor } = await wanted(import("./map-matches.js"));
    const ids = selectedIds();
    const query = queryFor(ids);
    const matches = await like(api, query, ids, mine.signal);
    if (searching === mine) {
      const hint = `Searched with ${query.examples.length} of the ${counted(ids.length, "picture", "pictures")}.`;
      panel.matches(matches, query.examples.length === ids.length ? "" : hint, addressOf(query));
      panel.say(`${counted(matches.length, "picture", "pictures")} like the selection.`);
    }
  } catch (error) {
    if (searching === mine && error.name !== "AbortError") {
      throw error;
    }
  }
}

const selectedIds = () => (rows ?? []).map((row) => data.id(row));

async function open(row) {
  try {
    const [picture] = await listed(api, [data.id(row)]);
    if (picture) {
      panel.picture(picture);
    } else {
      panel.say("This picture is not in the index any more.");
    }
  } catch (error) {
    fail(error);
  }
}

/** Give the list of the selection to `use`. */
async function withList(use) {
  try {
    await use(await listed(api, selectedIds()));
  } catch (error) {
    fail(error);
  }
}

async function copy(images) {
  const isCopied = await copied(toText(images), document.body);
  panel.say(isCopied ? "The addresses are copied." : "This browser does not let the page copy.");
}

/** Give a person the list as a file. */
function give(suffix, type, text) {
  save(`lookalike-selection.${suffix}`, type, text);
  panel.say(`Saved as lookalike-selection.${suffix}.`);
}

/** Show the map and its controls, or instead of them a sentence on how to get a map. */
function reveal(isThere, sentence = "") {
  find("nothing").textContent = sentence;
  find("nothing").hidden = isThere;
  find("frame").hidden = find("panel").hidden = !isThere;
}

function fail(error) {
  panel.say("");
  if (error.isNothingYet) {
    reveal(false, error.message);
    return;
  }
  find("error-text").textContent = error.message;
  find("error-retry").hidden = !error.isTemporary;
  find("error").hidden = false;
}

function showWhole() {
  camera.view = WHOLE;
  viewed();
}

/** The view has changed: paint it now, and the rest when it stays. */
function viewed() {
  repaint();
  clearTimeout(resting);
  resting = setTimeout(rest, REST_MS);
}

function rest() {
  if (!data) {
    return;
  }
  overlay.choose(data, rows);
  overlay.name(data.head.clusters);
  state = { ...state, view: camera.view };
  history.replaceState(null, "", writeAddress(state));
}

function repaint() {
  frame ||= requestAnimationFrame(paint);
}

function paint() {
  frame = 0;
  if (find("frame").hidden) {
    return;
  }
  const ratio = fit();
  painter.paint(camera, ratio);
  const areas = [state.area, unfinished.corners].filter((corners) => corners?.length);
  overlay.outline(areas, unfinished.cross, ratio);
  if (data) {
    overlay.move(data);
  }
}

/** Give both canvases the size of their place, in pixels of the screen; returns those of one CSS pixel. */
function fit() {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth, clientHeight } = find("place");
  [camera.width, camera.height] = [clientWidth, clientHeight];
  for (const canvas of [find("points"), find("shape")]) {
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
    }
  }
  return ratio;
}

function restore() {
  const next = readAddress(location);
  camera.view = next.view;
  return show(next);
}

async function loadFields() {
  const { fields } = await api.json("fields");
  const own = { name: "label", text: "label" };
  const others = fields.filter(({ type }) => !type.startsWith(NO_COLOUR));
  const named = others.map(({ name }) => ({ name: `metadata.${name}`, text: shownField(name) }));
  panel.fields([own, ...named], state.field);
}

for (const button of document.querySelectorAll("button[data-tool]")) {
  button.addEventListener("click", () => (gestures.tool = button.dataset.tool));
}
const acts = {
  "zoom-in": () => gestures.zoom(ZOOM_STEP),
  "zoom-out": () => gestures.zoom(1 / ZOOM_STEP),
  whole: showWhole,
  view: () => go({ area: compact(camera.corners), cluster: null, isLike: false }),
  like: () => go({ isLike: true }),
  csv: () => withList((images) => give("csv", "text/csv", toCsv(images))),
  json: () => withList((images) => give("json", "application/json", toJson(images, location.href))),
  copy: () => withList(copy),
  clear: () => {
    go({ area: null, cluster: null, isLike: false });
    find("points").focus();
  },
  "picture-close": () => {
    panel.picture(null);
    find("points").focus();
  },
  "error-retry": restore,
};
for (const [name, act] of Object.entries(acts)) {
  find(name).addEventListener("click", act);
}
window.addEventListener("popstate", restore);
new ResizeObserver(viewed).observe(find("place"));
find("place").dataset.tool = "move";
find("place").dataset.painter = painter.kind;
fit();
camera.view = state.view;
await Promise.all([show(state), loadFields().catch(fail)]);
find("frame").setAttribute("aria-busy", "false");
