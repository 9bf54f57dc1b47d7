// Parts of the page that are loaded after its first sight, or when somebody wants them.

/** A function that loads a module at its first call, makes something of it with `make(module)`, and gives that. */
export function later(path, make) {
  let made = null;
  return () => {
    made ??= import(path).then(make, (error) => {
      // The next call tries again.
      made = null;
      throw error;
    });
    return made;
  };
}
