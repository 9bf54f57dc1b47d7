// Stored pictures on the page: by plain URL, or fetched with the API key if the service requires one.

import { address } from "./api.js";

//: Only these sizes, so that the caches of the service and the browser are hit.
const SIZES = [128, 192, 256, 384, 512, 768, 1024];
//: A thumbnail's longest side is this much larger than its square tile, which the shorter side must fill.
const SPARE = 4 / 3;
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

  /** The stored picture as a file, to search with. */
  async file(id, name) {
    const blob = await this.#api.blob(`images/${encodeURIComponent(id)}`);
    return new File([blob], name, { type: blob.type });
  }

  #show(image, path, parameters = {}) {
    image.onload = () => image.classList.add("loaded");
    image.onerror = () => image.classList.add("missing");
    image.classList.remove("loaded", "missing");
    if (!this.#api.key.value) {
      image.src = address(path, parameters);
      return;
    }
    image.removeAttribute("src");
    this.#paths.set(image, { path, parameters });
    this.#observer.observe(image);
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.#observer.unobserve(target);
        this.#fetch(target, this.#paths.get(target));
      }
    }
  }

  async #fetch(image, request) {
    try {
      const blob = await this.#api.blob(request.path, { parameters: request.parameters, isQuiet: true });
      if (this.#paths.get(image) === request) {
        showBlob(image, blob);
      }
    } catch {
      image.classList.add("missing");
    }
  }
}

/** Show a file or blob in `image`; its object URL is revoked as soon as the image is loaded. */
export function showBlob(image, blob) {
  const url = URL.createObjectURL(blob);
  const release = (outcome) => () => {
    URL.revokeObjectURL(url);
    image.classList.add(outcome);
  };
  image.onload = release("loaded");
  image.onerror = release("missing");
  image.src = url;
}
