// The examples of the query, each with its picture or text, its weight, and buttons to choose a part and to remove it.

import { readRegion } from "./region.js";
import { showPart } from "./pictures.js";
import { weighed } from "./text.js";

//: In CSS pixels; the same as in the style sheet.
const SIDE = 112;
//: What a person can choose. Others, of an address, are shown as they are.
const WEIGHTS = [3, 2, 1, 0.5, -0.5, -1, -2, -3];
const CONTROLS = ["part", "weight", "remove"];

export class Examples {
  #panel;
  #list;
  #template;
  #pictures;
  #on;
  #items = new Map();

  /** `on` has `changed(example, others)`, which puts other examples in the place of one, and `part(example)`, which lets
   * a person choose a part of its picture. */
  constructor(panel, template, pictures, on) {
    [this.#panel, this.#template, this.#pictures, this.#on] = [panel, template, pictures, on];
    this.#list = panel.querySelector("#examples");
  }

  /** Show the examples of a query or, if it is null, the start. `missing`: how many files it was made with and lacks. */
  show(query, missing = 0) {
    const focused = this.#focused();
    const examples = query?.examples ?? [];
    // What stays keeps its element: pictures are not loaded again.
    this.#items = new Map(examples.map((example) => [example, this.#items.get(example) ?? this.#item(example)]));
    this.#list.replaceChildren(...this.#items.values());
    this.#list.hidden = !query;
    const find = (name) => this.#panel.querySelector(`#${name}`);
    this.#panel.classList.toggle("compact", Boolean(query));
    find("query-title").textContent = title(examples);
    find("query-hint").hidden = Boolean(query);
    find("link-hint").textContent = linkHint(query?.unaddressed.length ?? 0, missing);
    find("choose").textContent = query ? "Choose another" : "Choose a picture";
    find("add").hidden = !query;
    this.#focus(focused, find("choose"));
  }

  #item(example) {
    const item = this.#template.content.cloneNode(true).firstElementChild;
    const find = (selector) => item.querySelector(selector);
    const { name, text, region } = example;
    item.title = region ? `${name}, only the part ${region}` : name;
    item.classList.toggle("unwanted", !example.isWanted);
    this.#fill(find(".frame"), example);
    this.#weigh(find(".weight"), example);
    find(".part").hidden = text !== null;
    find(".part").setAttribute("aria-label", `${region ? "Another" : "Choose a"} part of ${name}`);
    find(".part").addEventListener("click", () => this.#on.part(example));
    find(".remove").setAttribute("aria-label", `Remove ${name}`);
    find(".remove").addEventListener("click", () => this.#on.changed(example, []));
    return item;
  }

  #fill(frame, { id, file, text, name, region }) {
    const image = frame.querySelector("img");
    if (text !== null) {
      image.remove();
      frame.append(Object.assign(document.createElement("bdi"), { className: "said", textContent: text }));
      return;
    }
    image.alt = name;
    const part = readRegion(region);
    if (part) {
      showPart(image, part);
    }
    if (file) {
      this.#pictures.own(image, file);
    } else {
      this.#pictures.thumbnail(image, id, (SIDE * 100) / Math.max(part?.width ?? 100, part?.height ?? 100, 1));
    }
  }

  #weigh(select, example) {
    const { name, weight } = example;
    const weights = WEIGHTS.includes(weight) ? WEIGHTS : [weight, ...WEIGHTS];
    select.append(...weights.map((one) => new Option(weighed(one), one)));
    select.value = weight;
    select.setAttribute("aria-label", `Weight of ${name}`);
    select.addEventListener("change", () => this.#on.changed(example, [example.with({ weight: Number(select.value) })]));
  }

  /** The place of the focus in the list: the number of an example and one of CONTROLS; or null. */
  #focused() {
    const at = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    const control = CONTROLS.find((name) => document.activeElement.classList.contains(name));
    return at < 0 || !control ? null : { at, control };
  }

  /** Put the focus where it was, or as near as possible. */
  #focus(focused, otherwise) {
    if (focused && !this.#list.contains(document.activeElement)) {
      const items = [...this.#list.children];
      const item = items[Math.min(focused.at, items.length - 1)];
      (item?.querySelector(`.${focused.control}`) ?? otherwise).focus();
    }
  }
}

function title(examples) {
  const wanted = examples.filter(({ isWanted }) => isWanted);
  const others = examples.length - wanted.length;
  if (!examples.length) {
    return "What looks like this?";
  }
  const one = wanted[0]?.text ? "these words" : wanted[0]?.region ? "this part" : "this picture";
  const like = wanted.length > 1 ? `Like all ${wanted.length} of these` : wanted.length ? `Like ${one}` : "";
  const unlike = others ? `not like ${others === 1 ? "the other" : `the other ${others}`}` : "";
  return [like, unlike].filter(Boolean).join(", ");
}

/** What an address cannot hold: of this search, and of the one that was opened. */
function linkHint(files, missing) {
  if (missing) {
    const what = missing === 1 ? "a picture" : `${missing} pictures`;
    return `This search was also made with ${what} that no address holds. Add ${missing === 1 ? "it" : "them"} again.`;
  }
  return files ? `A link to this search leaves out your own ${files === 1 ? "picture" : "pictures"}.` : "";
}
