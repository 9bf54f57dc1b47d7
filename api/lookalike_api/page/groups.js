// The groups of duplicates on the page: their pictures side by side, and a decision for each, by mouse or by keyboard.

import { sizeOf } from "./measures.js";
import { counted, grouped, momentOf, scored } from "./text.js";

const WHY = {
  pixels: "Proposed to keep: the most pixels.",
  bytes: "Proposed to keep: the largest file.",
  oldest: "Proposed to keep: the oldest file.",
  path: "Proposed to keep: the shortest path.",
};
//: In CSS pixels, for the size of the thumbnails.
const SIDE = 240;

export class Groups {
  #list;
  #templates;
  #pictures;
  #decisions = null;
  #on;
  #shown = [];

  /** `templates` are those of a group and of a member. `on` has `closer(images, place)`, `decided(isKept)`, and
   * `ended(step)` when a person goes on after the last group or back before the first one. */
  constructor(list, templates, pictures, on) {
    [this.#list, this.#templates, this.#pictures, this.#on] = [list, templates, pictures, on];
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", (event) => this.#enter(event.target.closest(".group")));
  }

  /** Show these groups, of which the first one has this number. */
  show(groups, first, decisions) {
    this.#decisions = decisions;
    this.#shown = groups.map((group, at) => ({ group, element: this.#group(group, first + at) }));
    this.#list.replaceChildren(...this.#shown.map(({ element }) => element));
    for (const shown of this.#shown) {
      this.#draw(shown);
    }
    this.#enter(this.#list.firstElementChild);
  }

  /** Show what is decided about every group. */
  refresh() {
    for (const shown of this.#shown) {
      this.#tick(shown);
      this.#draw(shown);
    }
  }

  /** Move the keyboard focus to a group: the first one, or the last one if `at` is -1. */
  focus(at = 0) {
    this.#shown.at(at)?.element.focus();
  }

  #group(group, number) {
    const element = this.#templates.group.content.cloneNode(true).firstElementChild;
    const heading = element.querySelector("h3");
    const what = group.kind === "identical" ? "identical pictures" : "near pictures";
    const near = group.kind === "identical" ? "" : `, score ${scored(group.score, 3)} or higher`;
    heading.textContent = `${number + 1}. ${grouped(group.size)} ${what}${near}`;
    heading.id = `group-${group.key}`;
    element.setAttribute("aria-labelledby", heading.id);
    element.querySelector(".why").textContent = WHY[group.why];
    const hidden = group.size - group.images.length;
    element.querySelector(".more-members").textContent = hidden > 0
      ? `${counted(hidden, "picture more", "pictures more")}: decide about these, then compare again.` : "";
    const images = group.images.map((image) => ({ ...image, facts: factsOf(image).join(" · ") }));
    const members = images.map((image, at) => this.#member(group, images, at));
    element.querySelector(".members").append(...members);
    for (const [at, member] of members.entries()) {
      this.#pictures.thumbnail(member.querySelector("img"), images[at].id, SIDE);
    }
    const shown = () => this.#shown.find((other) => other.group === group);
    element.querySelector(".yes").addEventListener("click", () => this.#decide(shown(), true));
    element.querySelector(".no").addEventListener("click", () => this.#decide(shown(), false));
    element.querySelector(".undo").addEventListener("click", () => this.#undo(shown()));
    this.#tick({ group, element });
    return element;
  }

  #member(group, images, at) {
    const image = images[at];
    const element = this.#templates.member.content.cloneNode(true).firstElementChild;
    const find = (name) => element.querySelector(name);
    const [size, date] = factsOf(image);
    find(".size").textContent = size;
    find(".date").textContent = date;
    find(".path bdi").textContent = image.uri;
    find(".number").textContent = at < 9 ? at + 1 : "";
    const isCentre = image.id === group.centre;
    find(".near").textContent = isCentre ? "centre of the group" : `score ${scored(image.score, 4)}`;
    find(".open").setAttribute("aria-label", `A closer look at ${image.uri}`);
    find(".open").addEventListener("click", () => this.#on.closer(images, at));
    find("input").dataset.id = image.id;
    find("input").setAttribute("aria-label", `Keep ${image.uri}, ${size}`);
    find("input").addEventListener("change", () => this.#changed(group));
    return element;
  }

  /** Set the boxes as decided or, before that, as proposed. */
  #tick({ group, element }) {
    const kept = this.#decisions.of(group)?.kept ?? new Set([group.keep]);
    for (const box of boxesOf(element)) {
      box.checked = kept.has(box.dataset.id);
    }
  }

  /** Other boxes: what was decided about the group changes as well. */
  #changed(group) {
    const shown = this.#shown.find((other) => other.group === group);
    const kept = keptOf(shown.element);
    if (this.#decisions.of(group) && kept.size) {
      this.#on.decided(this.#decisions.decide(group, kept));
    }
    this.#draw(shown);
  }

  #draw({ group, element }) {
    const decision = this.#decisions.of(group);
    const boxes = boxesOf(element);
    const kept = keptOf(element).size;
    for (const box of boxes) {
      box.closest(".member").classList.toggle("kept", box.checked);
    }
    element.dataset.decision = decision ? (decision.isYes ? "yes" : "no") : "";
    element.querySelector(".yes").disabled = !kept || kept === boxes.length;
    element.querySelector(".undo").hidden = !decision;
    const removed = boxes.length - (decision?.kept.size ?? 0);
    const verdict = decision?.isYes ? `${counted(removed, "picture", "pictures")} to remove` : "No duplicates";
    element.querySelector(".verdict").textContent = decision ? verdict : "";
  }

  #decide(shown, isYes) {
    const kept = isYes ? keptOf(shown.element) : new Set(boxesOf(shown.element).map((box) => box.dataset.id));
    if (isYes && (!kept.size || kept.size === boxesOf(shown.element).length)) {
      return;
    }
    const isKept = this.#decisions.decide(shown.group, kept);
    this.#tick(shown);
    this.#draw(shown);
    this.#on.decided(isKept);
    if (isKept) {
      this.#move(shown, 1);
    }
  }

  #undo(shown) {
    const isKept = this.#decisions.undo(shown.group);
    this.#tick(shown);
    this.#draw(shown);
    this.#on.decided(isKept);
    shown.element.focus();
  }

  #move(shown, step) {
    const next = this.#shown[this.#shown.indexOf(shown) + step];
    if (next) {
      next.element.focus();
    } else {
      this.#on.ended(step);
    }
  }

  #enter(element) {
    if (element) {
      for (const { element: other } of this.#shown) {
        other.tabIndex = other === element ? 0 : -1;
      }
    }
  }

  #key(event) {
    const shown = this.#shown.find(({ element }) => element.contains(event.target));
    if (!shown || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const does = {
      y: () => this.#decide(shown, true),
      n: () => this.#decide(shown, false),
      u: () => this.#undo(shown),
      ArrowDown: () => this.#move(shown, 1),
      ArrowUp: () => this.#move(shown, -1),
    }[event.key] ?? this.#toggling(shown, event.key);
    if (does) {
      event.preventDefault();
      does();
    }
  }

  /** What a digit does: keep the picture of this number, or not. */
  #toggling({ element }, key) {
    const box = /^[1-9]$/u.test(key) && boxesOf(element)[Number(key) - 1];
    return box ? () => box.click() : null;
  }
}

const boxesOf = (element) => [...element.querySelectorAll(".keep input")];
const keptOf = (element) => new Set(boxesOf(element).filter((box) => box.checked).map((box) => box.dataset.id));

/** Size and dates of a picture as texts. */
function factsOf({ width, height, size_bytes, taken_at_ms, modified_at, ingested_at }) {
  const pixels = `${width} × ${height}`;
  const times = { taken: taken_at_ms, changed: modified_at };
  const known = Object.entries(times).filter(([, time]) => time !== null);
  const dates = known.length ? known : [["added", ingested_at]];
  const date = dates.map(([what, time]) => `${what} ${momentOf(time)}`).join(" · ");
  return [size_bytes === null ? pixels : `${pixels} · ${sizeOf(size_bytes)}`, date];
}
