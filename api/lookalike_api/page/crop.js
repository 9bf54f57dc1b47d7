// A rectangle on a picture, which a person draws, moves and resizes by pointer or by keyboard.

import { between, described, LEAST, MIDDLE, moved, opposite, resized } from "./rectangle.js";

//: Percent of a side for each press of an arrow key.
const STEP = 2;
const CORNERS = ["nw", "ne", "sw", "se"];
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Crop {
  #frame;
  #image;
  #box;
  #said;
  #button;
  #changed;
  #region = null;
  #grip = null;

  /** `frame` holds the picture, `said` is a text that tells where the rectangle is, and `button` begins one or removes
   * it. `changed(region)` is called after a person changed it; null is the whole picture. */
  constructor(frame, said, button, changed) {
    [this.#frame, this.#said, this.#button, this.#changed] = [frame, said, button, changed];
    this.#image = frame.querySelector("img");
    this.#box = frame.appendChild(box(said.id));
    button.addEventListener("click", () => this.#switch());
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    frame.addEventListener("pointerdown", (event) => this.#take(event));
    frame.addEventListener("pointermove", (event) => this.#drag(event));
    frame.addEventListener("pointerup", () => (this.#grip = null));
    frame.addEventListener("pointercancel", () => (this.#grip = null));
    this.#image.addEventListener("load", () => this.#show());
    new ResizeObserver(() => this.#show()).observe(frame);
  }

  /** In percent of the picture's sides; null for the whole picture. */
  get region() {
    return this.#region;
  }

  set region(region) {
    this.#region = region;
    this.#grip = null;
    this.#show();
  }

  #change(region) {
    this.#region = region;
    this.#show();
    this.#changed(region);
  }

  #switch() {
    // A picture that is missing has no parts.
    if (!this.#image.naturalWidth) {
      return;
    }
    const isNew = !this.#region;
    this.#change(isNew ? MIDDLE : null);
    (isNew ? this.#box : this.#button).focus();
  }

  #take(event) {
    // A finger scrolls the page, until a person has asked for a rectangle.
    const isOurs = event.button === 0 && (event.pointerType !== "touch" || this.#region);
    if (!isOurs || !this.#image.naturalWidth) {
      return;
    }
    const { corner } = event.target.dataset;
    const start = this.#point(event);
    const isMove = !corner && this.#box.contains(event.target);
    const from = corner ? opposite(this.#region, corner) : start;
    this.#grip = { start, from, region: isMove ? this.#region : null };
    this.#frame.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  #drag(event) {
    if (!this.#grip) {
      return;
    }
    const { start, from, region } = this.#grip;
    const point = this.#point(event);
    if (region) {
      this.#change(moved(region, point.x - start.x, point.y - start.y));
      return;
    }
    const drawn = between(from, point);
    // A click on the picture is no rectangle.
    if (drawn.width >= LEAST && drawn.height >= LEAST) {
      this.#change(drawn);
    }
  }

  #key(event) {
    const step = ARROWS[event.key];
    if (step && this.#region) {
      this.#change((event.shiftKey ? resized : moved)(this.#region, ...step));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.#switch();
    } else {
      return;
    }
    // Arrow keys mean something else to what is around the picture.
    event.stopPropagation();
    event.preventDefault();
  }

  /** The place of a pointer in percent of the picture. */
  #point({ clientX, clientY }) {
    const { left, top, width, height } = this.#picture();
    const { left: frameLeft, top: frameTop } = this.#frame.getBoundingClientRect();
    return { x: (100 * (clientX - frameLeft - left)) / width, y: (100 * (clientY - frameTop - top)) / height };
  }

  /** Where the picture is in its frame, which it fits into as a whole. */
  #picture() {
    const { clientWidth, clientHeight } = this.#frame;
    const { naturalWidth, naturalHeight } = this.#image;
    const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
    const [width, height] = [naturalWidth * scale, naturalHeight * scale];
    return { left: (clientWidth - width) / 2, top: (clientHeight - height) / 2, width, height };
  }

  #show() {
    const isShown = Boolean(this.#region && this.#image.naturalWidth);
    this.#box.hidden = !isShown;
    this.#frame.classList.toggle("is-cropped", isShown);
    this.#button.textContent = this.#region ? "Whole picture" : "Choose a part";
    this.#said.textContent = this.#region ? described(this.#region) : "";
    if (isShown) {
      const { x, y, width, height } = this.#region;
      const picture = this.#picture();
      const pixels = (start, percent, side) => `${start + (percent * side) / 100}px`;
      Object.assign(this.#box.style, {
        left: pixels(picture.left, x, picture.width),
        top: pixels(picture.top, y, picture.height),
        width: pixels(0, width, picture.width),
        height: pixels(0, height, picture.height),
      });
    }
  }
}

function box(describedBy) {
  const element = Object.assign(document.createElement("div"), { className: "crop", hidden: true, tabIndex: 0 });
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Part of the picture: arrow keys move it, with Shift they change its size");
  element.setAttribute("aria-describedby", describedBy);
  for (const corner of CORNERS) {
    const handle = element.appendChild(document.createElement("span"));
    handle.dataset.corner = corner;
  }
  return element;
}
