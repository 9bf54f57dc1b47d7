// A query: the pictures or the stored picture of a search, and the request for each.

//: The service accepts no more in one request.
export const MAX_PICTURES = 32;

/** A stored picture, by its id. */
export class StoredQuery {
  constructor(id, name = null) {
    this.id = id;
    this.name = name;
  }

  ask(api, parameters, signal) {
    return api.json("search", { parameters: { id: this.id, ...parameters }, signal });
  }
}

/** One or more files of the person who uses the page. */
export class PicturesQuery {
  constructor(files) {
    this.id = null;
    this.files = files;
  }

  ask(api, parameters, signal) {
    if (this.files.length === 1) {
      return api.json("search", { parameters, body: this.files[0], signal });
    }
    const body = new FormData();
    for (const file of this.files) {
      body.append("image", file);
    }
    return api.json("search/batch", { parameters: { mode: "mean", ...parameters }, body, signal });
  }

  with(files) {
    return new PicturesQuery([...this.files, ...files]);
  }

  without(file) {
    return new PicturesQuery(this.files.filter((other) => other !== file));
  }
}
