// Stored pictures on the page: by plain URL, or fetched with the API key if the service requires one.

import { address } from "./api.js";

//: Only these sizes, so that the caches of the service and the browser are hit.
const SIZES = [128, 192, 256, 384, 512, 768, 1024];
//: A thumbnail's longest side is this much larger than its square tile, which the shorter side must fill.
const SPARE = 4 / 3;
//: What shows a picture, or why there is none.
const FRAME = ".open, .stage, .frame";
//: Pictures this far below the window are fetched in advance.
const AHEAD = "600px";

export class Pictures {
  #api;
  #observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: AHEAD });
  #paths = new WeakMap();

  constructor(api) {
    this.#api = api;
  }

  /** Load a thumbnail into `image`, a square of `side` CSS pixels, once it is visible. */
  thumbnail(image, id, side) {
    const length = side * SPARE * window.devicePixelRatio;
    const size = SIZES.find((size) => size >= length) ?? SIZES.at(-1);
    image.loading = "lazy";
    this.#show(image, `images/${encodeURIComponent(id)}/thumbnail`, { size });
  }

  /** Load the largest thumbnail into `image`: browsers may not show the format of the stored file. */
  large(image, id) {
    this.#show(image, `images/${encodeURIComponent(id)}/thumbnail`, { size: SIZES.at(-1) });
  }

  /** Show a file of the person who uses the page in `image`. */
  own(image, file) {
    image.classList.remove("loaded", "missing");
    // An answer about another picture may still be on its way.
    this.#paths.delete(image);
    this.#observer.unobserve(image);
    showBlob(image, file);
  }

  #show(image, path, parameters = {}) {
    image.onload = () => image.classList.add("loaded");
    image.onerror = () => this.#ask(image, request);
    image.classList.remove("loaded", "missing");
    image.closest(FRAME)?.removeAttribute("title");
    const request = { path, parameters };
    this.#paths.set(image, request);
    if (!this.#api.key.value) {
      image.src = address(path, parameters);
      return;
    }
    image.removeAttribute("src");
    this.#observer.observe(image);
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.#observer.unobserve(target);
        this.#ask(target, this.#paths.get(target));
      }
    }
  }

  /** Fetch a picture as the page fetches data: the answer says why there is none. */
  async #ask(image, request) {
    const isWanted = () => this.#paths.get(image) === request;
    try {
      const blob = await this.#api.blob(request.path, { parameters: request.parameters, isQuiet: true });
      if (isWanted()) {
        showBlob(image, blob);
      }
    } catch (problem) {
      if (isWanted()) {
        miss(image, problem.message);
      }
    }
  }
}

/** Show only this part, a rectangle in percent, of the picture that `image` loads, as large as its frame allows. */
export function showPart(image, { x, y, width, height }) {
  image.addEventListener("load", () => {
    const { clientWidth: side } = image.parentElement;
    const [wide, high] = [(image.naturalWidth * width) / 100, (image.naturalHeight * height) / 100];
    const scale = side / Math.max(wide, high, 1);
    const [whole, tall] = [image.naturalWidth * scale, image.naturalHeight * scale];
    Object.assign(image.style, {
      position: "absolute",
      width: `${whole}px`,
      height: `${tall}px`,
      left: `${(side - wide * scale) / 2 - (whole * x) / 100}px`,
      top: `${(side - high * scale) / 2 - (tall * y) / 100}px`,
      clipPath: `inset(${y}% ${100 - x - width}% ${100 - y - height}% ${x}%)`,
    });
  });
}

/** Say in place of a picture why there is none. */
function miss(image, why) {
  image.classList.add("missing");
  const frame = image.closest(FRAME);
  if (frame) {
    frame.dataset.why = why;
    frame.title = why;
  }
}

/** Show a file or blob in `image`; its object URL is revoked as soon as the image is loaded. */
function showBlob(image, blob) {
  const url = URL.createObjectURL(blob);
  const release = (then) => () => {
    URL.revokeObjectURL(url);
    then();
  };
  image.onload = release(() => image.classList.add("loaded"));
  image.onerror = release(() => miss(image, "This browser cannot show the picture."));
  image.src = url;
}
