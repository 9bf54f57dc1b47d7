// The query: the pictures, or the stored picture, that a search starts from; knows how each is asked for.

//: The service takes no more in one request.
export const MAX_PICTURES = 32;

/** A picture that is stored already, by its id. */
export class StoredQuery {
  constructor(id, name = null) {
    this.id = id;
    this.name = name;
  }

  ask(api, parameters, signal) {
    return api.json("search", { parameters: { id: this.id, ...parameters }, signal });
  }
}

/** One or more files of the person in front of the page. */
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
    return new PicturesQuery(this.files.filter((kept) => kept !== file));
  }
}
