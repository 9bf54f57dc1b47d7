// What a part of the page shows itself with beside its module: a style sheet, and elements. Each is loaded once.

const FOLDER = "page/";
const marks = new Set();

/** Resolves when the page has this style sheet, or rejects. */
export function styled(name) {
  const href = FOLDER + name;
  if (document.querySelector(`link[href="${href}"]`)) {
    return Promise.resolve();
  }
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  return new Promise((done, failed) => {
    link.addEventListener("load", () => done());
    link.addEventListener("error", () => {
      link.remove();
      failed(new Error(name));
    });
    document.head.append(link);
  });
}

/** Resolves when the page has the elements of this file, in `place`, or rejects. */
export async function marked(name, place = document.body) {
  if (marks.has(name)) {
    return;
  }
  const answer = await fetch(new URL(FOLDER + name, document.baseURI));
  if (!answer.ok) {
    throw new Error(name);
  }
  const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
  marks.add(name);
  place.append(...body.children);
}
