// The panel beside the map: colours, clusters, the selection, what is like it, and one picture.

import { colourOf, GREY } from "./map-colours.js";
import { NONE } from "./map-data.js";
import { thumbnail } from "./map-overlay.js";
import { counted, grouped, nameOf, valueOf } from "./text.js";

//: Pictures of a selection that are shown.
const MOST_SHOWN = 18;
const MOST_LEGEND = 40;

export class Panel {
  #find;
  #pictures;
  #on;

  /** `on` has `field(name)`, `cluster(number)`, `open(row)` and `match(match)`. */
  constructor(page, pictures, on) {
    this.#find = (name) => page.querySelector(`#${name}`);
    [this.#pictures, this.#on] = [pictures, on];
    this.#find("field").addEventListener("change", (event) => on.field(event.target.value));
  }

  say(sentence) {
    this.#find("status").textContent = sentence;
  }

  /** What the map is of, and what is not on it. */
  facts({ images, version, made_at: madeAt, new: later }) {
    const made = new Date(madeAt).toLocaleDateString(undefined, { dateStyle: "medium" });
    const facts = [counted(images, "picture", "pictures"), version, `map of ${made}`];
    this.#find("facts").replaceChildren(...facts.map((text) => element("bdi", text)));
    const are = later === 1 ? "1 picture is" : `${grouped(later)} pictures are`;
    this.say(later ? `${are} not on the map yet: \`lookalike map --add\` adds them.` : "");
  }

  /** The fields to colour by, each a name and a text, and the chosen one. */
  fields(fields, chosen) {
    const options = fields.map(({ name, text }) => new Option(text, name, false, name === chosen));
    this.#find("field").replaceChildren(...options);
  }

  legend(data) {
    const { values } = data.head;
    const rows = values.slice(0, MOST_LEGEND).map(({ value, documents }, code) => [
      colourOf(code, data.head), valueOf(value), documents,
    ]);
    const rest = values.slice(MOST_LEGEND).reduce((sum, { documents }) => sum + documents, 0);
    const without = data.codes.reduce((sum, code) => sum + (code === NONE), 0);
    const others = [[GREY, "others", rest], [GREY, "without a value", without]].filter(([, , count]) => count);
    this.#find("legend").replaceChildren(...[...rows, ...others].map(legendItem));
  }

  clusters(clusters, chosen) {
    this.#find("clusters-section").hidden = !clusters.length;
    this.#find("clusters").replaceChildren(...clusters.map((cluster) => {
      const button = element("button", `${namesOf(cluster)} (${grouped(cluster.images)})`);
      Object.assign(button, { type: "button", onclick: () => this.#on.cluster(cluster.number) });
      button.setAttribute("aria-pressed", String(cluster.number === chosen));
      return wrapped(button);
    }));
  }

  /** Mark the chosen cluster, or none, without moving the focus. */
  mark(clusters, chosen) {
    const buttons = this.#find("clusters").querySelectorAll("button");
    clusters.forEach(({ number }, place) => buttons[place].setAttribute("aria-pressed", String(number === chosen)));
  }

  /** Show a selection: rows, or null for none. */
  selection(data, rows) {
    this.#find("selection").hidden = !rows;
    this.#find("matches").hidden = true;
    if (rows) {
      this.#find("selection-title").textContent = `${counted(rows.length, "picture", "pictures")} selected`;
      const some = data.hasIds ? rows.slice(0, MOST_SHOWN) : [];
      const items = some.map((row) => this.#item(data.id(row), data.value(row), () => this.#on.open(row)));
      this.#find("selected").replaceChildren(...items);
      for (const name of ["like", "csv", "json", "copy"]) {
        this.#find(name).disabled = !rows.length;
      }
    }
  }

  /** Show what is like the selection: matches, a sentence on how they were found, and the address of that search. */
  matches(matches, hint, address) {
    this.#find("matches").hidden = false;
    this.#find("matches-hint").textContent = hint;
    this.#find("matches-open").href = address;
    const items = matches.map((match) => this.#item(match.id, nameOf(match), () => this.#on.match(match)));
    this.#find("matched").replaceChildren(...items);
  }

  /** Show one picture, with `id`, `uri` and `name`; null for none. */
  picture(picture) {
    this.#find("picture").hidden = !picture;
    if (picture) {
      this.#find("picture-name").textContent = nameOf(picture);
      this.#find("picture-uri").textContent = picture.uri;
      this.#find("picture-more").href = `./?id=${encodeURIComponent(picture.id)}`;
      this.#find("picture-image").alt = nameOf(picture);
      this.#pictures.large(this.#find("picture-image"), picture.id);
      // On a narrow screen it is below the map.
      this.#find("picture").scrollIntoView({ block: "nearest" });
    }
  }

  #item(id, value, open) {
    return thumbnail(this.#pictures, id, value === null ? "picture" : valueOf(value), open);
  }
}

/** The commonest values of a cluster. */
export const namesOf = ({ values }) => values.map(({ value }) => valueOf(value)).join(", ") || "without a value";

function legendItem([colour, name, count]) {
  const item = document.createElement("li");
  const dot = element("span");
  dot.className = "dot";
  dot.style.setProperty("--colour", colour);
  item.append(dot, element("bdi", name), Object.assign(element("span", grouped(count)), { className: "count" }));
  return item;
}

function element(tag, textContent = "") {
  return Object.assign(document.createElement(tag), { textContent });
}

function wrapped(child) {
  const item = document.createElement("li");
  item.append(child);
  return item;
}
