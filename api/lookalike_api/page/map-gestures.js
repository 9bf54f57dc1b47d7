// What a person does on the map with mouse, fingers or keys: move, zoom, draw a shape, open a picture.

import { rectangle } from "./map-camera.js";

//: A press that moves less, in pixels, is a click.
const CLICK = 4;
//: Between the corners of a lasso that is drawn.
const STEP = 4;
//: Of the keys: how far an arrow moves the map and the cross, in pixels, and with Shift how many times as far.
const [MAP_STEP, CROSS_STEP, FAST] = [60, 12, 5];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TOOLS = { m: "move", r: "rectangle", l: "lasso" };
const ZOOM_STEP = 1.5;

export class Gestures {
  #place;
  #camera;
  #on;
  #tool = "move";
  #pointers = new Map();
  #drag = null;
  //: The cross of the keys, in pixels, and the corners of the unfinished shape, as places.
  #cross = null;
  #corners = [];

  /** `on` has `viewed()` after the map was moved, `drawn(polygon)` for a shape, `drawing(corners, cross)` for an
   * unfinished one, `opened(left, top)` for a pixel that is pressed, `whole()`, `escaped()` and `chosen(tool)`. */
  constructor(place, camera, on) {
    [this.#place, this.#camera, this.#on] = [place, camera, on];
    place.addEventListener("pointerdown", (event) => this.#down(event));
    place.addEventListener("pointermove", (event) => this.#move(event));
    place.addEventListener("pointerup", (event) => this.#up(event));
    place.addEventListener("pointercancel", (event) => this.#drop(event));
    place.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    place.addEventListener("keydown", (event) => this.#key(event));
    // A press on the map moves the focus, too, and has begun already.
    place.addEventListener("focusout", () => this.#drag ?? this.#forget());
  }

  set tool(tool) {
    this.#tool = tool;
    this.#place.dataset.tool = tool;
    this.#forget();
    this.#on.chosen(tool);
  }

  zoom(factor) {
    this.#camera.enlarge(factor);
    this.#on.viewed();
  }

  #at(event) {
    const { left, top } = this.#place.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #down(event) {
    if (event.button !== 0) {
      return;
    }
    this.#pointers.set(event.pointerId, this.#at(event));
    const tool = this.#tool === "move" && event.shiftKey ? "rectangle" : this.#tool;
    // A second finger zooms, whatever the tool is.
    const isFirst = this.#pointers.size === 1;
    this.#drag = { tool: isFirst ? tool : "move", from: this.#at(event), isMoved: !isFirst };
    this.#corners = isFirst && tool !== "move" ? [this.#camera.place(...this.#at(event))] : [];
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before || !this.#drag) {
      return;
    }
    const now = this.#at(event);
    const { tool, from } = this.#drag;
    if (!this.#drag.isMoved && Math.hypot(now[0] - from[0], now[1] - from[1]) < CLICK) {
      return;
    }
    this.#drag.isMoved = true;
    this.#place.setPointerCapture(event.pointerId);
    if (tool === "move") {
      this.#pointers.set(event.pointerId, now);
      this.#shift(event.pointerId, before, now);
      this.#on.viewed();
    } else if (tool === "rectangle") {
      this.#corners = rectangle(this.#corners[0], this.#camera.place(...now));
      this.#on.drawing(this.#corners, null);
    } else if (Math.hypot(now[0] - before[0], now[1] - before[1]) >= STEP) {
      this.#pointers.set(event.pointerId, now);
      this.#corners.push(this.#camera.place(...now));
      this.#on.drawing(this.#corners, null);
    }
  }

  /** One finger moves the map; two of them enlarge it, too. */
  #shift(id, before, now) {
    const other = [...this.#pointers].find(([each]) => each !== id)?.[1];
    if (!other) {
      return this.#camera.pan(now[0] - before[0], now[1] - before[1]);
    }
    const apart = ([x, y]) => Math.max(1, Math.hypot(x - other[0], y - other[1]));
    const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
    this.#camera.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    return this.#camera.enlarge(apart(now) / apart(before), ...middle);
  }

  #up(event) {
    const drag = this.#drag;
    this.#drop(event);
    if (!drag || this.#pointers.size) {
      return;
    }
    if (!drag.isMoved) {
      this.#corners = [];
      // A picture on the map opens by its own click.
      if (!event.target.closest("button")) {
        this.#on.opened(...this.#at(event));
      }
    } else if (drag.tool !== "move") {
      this.#finish();
    }
  }

  #drop(event) {
    this.#pointers.delete(event.pointerId);
    if (!this.#pointers.size) {
      this.#drag = null;
    }
  }

  #wheel(event) {
    event.preventDefault();
    // Lines or pages count as pixels of usual ones.
    const pixels = event.deltaY * [1, 16, 400][event.deltaMode];
    this.#camera.enlarge(Math.exp(-pixels / 400), ...this.#at(event));
    this.#on.viewed();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button")) {
      return;
    }
    const isDone = event.key in ARROWS ? this.#arrow(event) : this.#command(event.key);
    if (isDone) {
      event.preventDefault();
    }
  }

  #arrow({ key, shiftKey }) {
    const [right, down] = ARROWS[key].map((step) => step * (shiftKey ? FAST : 1));
    if (this.#tool === "move") {
      this.#camera.pan(-right * MAP_STEP, -down * MAP_STEP);
      this.#on.viewed();
      return true;
    }
    const { width, height } = this.#camera;
    const [left, top] = this.#cross ?? [width / 2, height / 2];
    const clamp = (number, most) => Math.min(most, Math.max(0, number));
    this.#cross = [clamp(left + right * CROSS_STEP, width), clamp(top + down * CROSS_STEP, height)];
    this.#show();
    return true;
  }

  #command(key) {
    const commands = {
      "+": () => this.zoom(ZOOM_STEP),
      "=": () => this.zoom(ZOOM_STEP),
      "-": () => this.zoom(1 / ZOOM_STEP),
      0: () => this.#on.whole(),
      " ": () => this.#mark(),
      Enter: () => this.#enter(),
      Escape: () => this.#escape(),
    };
    const tool = TOOLS[key.toLowerCase()];
    if (tool) {
      this.tool = tool;
    }
    commands[key]?.();
    return Boolean(tool || commands[key]);
  }

  #mark() {
    const { width, height } = this.#camera;
    if (this.#tool !== "move") {
      this.#cross ??= [width / 2, height / 2];
      this.#corners.push(this.#camera.place(...this.#cross));
      if (this.#tool === "rectangle" && this.#corners.length === 2) {
        this.#corners = rectangle(...this.#corners);
        return this.#finish();
      }
    }
    return this.#show();
  }

  #enter() {
    const { width, height } = this.#camera;
    if (this.#tool === "move") {
      this.#on.opened(width / 2, height / 2);
    } else if (this.#corners.length >= 3) {
      this.#finish();
    }
  }

  #escape() {
    if (this.#corners.length || this.#cross) {
      this.#forget();
    } else {
      this.#on.escaped();
    }
  }

  #finish() {
    const corners = this.#corners;
    this.#forget();
    if (corners.length >= 3) {
      this.#on.drawn(corners);
    }
  }

  #forget() {
    [this.#corners, this.#cross] = [[], null];
    this.#on.drawing([], null);
  }

  #show() {
    const isRectangle = this.#tool === "rectangle" && this.#corners.length && this.#cross;
    const corners = isRectangle
      ? rectangle(this.#corners[0], this.#camera.place(...this.#cross))
      : [...this.#corners, ...(this.#corners.length && this.#cross ? [this.#camera.place(...this.#cross)] : [])];
    this.#on.drawing(corners, this.#cross);
  }
}
