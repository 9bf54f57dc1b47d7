// Stored pictures on the page: plain image addresses, or fetched ones where the service asks for a key.

import { address } from "./api.js";

//: Few sizes, so that the service's and the browser's caches are hit.
const SIZES = [128, 192, 256, 384, 512, 768, 1024];
//: The longest side must be this much larger than the square that its short side is to fill.
const SPARE = 4 / 3;
//: How far below the window pictures are fetched already.
const AHEAD = "600px";

export class Pictures {
  #api;
  #observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: AHEAD });
  #paths = new WeakMap();

  constructor(api) {
    this.#api = api;
  }

  /** Fill `image`, a square `side` CSS pixels wide, once it comes into sight. */
  thumbnail(image, id, side) {
    const wanted = side * SPARE * window.devicePixelRatio;
    const size = SIZES.find((size) => size >= wanted) ?? SIZES.at(-1);
    image.loading = "lazy";
    this.#show(image, `images/${encodeURIComponent(id)}/thumbnail`, { size });
  }

  /** Fill `image` with the largest that is drawn for pages: the stored file may be of a format that none shows. */
  large(image, id) {
    this.#show(image, `images/${encodeURIComponent(id)}/thumbnail`, { size: SIZES.at(-1) });
  }

  /** The picture as a file, to search with. */
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

  async #fetch(image, wanted) {
    try {
      const blob = await this.#api.blob(wanted.path, { parameters: wanted.parameters, isQuiet: true });
      if (this.#paths.get(image) === wanted) {
        showBlob(image, blob);
      }
    } catch {
      image.classList.add("missing");
    }
  }
}

/** Show a file or blob in `image`; its address is given back as soon as it is drawn. */
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
