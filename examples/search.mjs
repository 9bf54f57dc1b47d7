// Searches by a file with Node.js, and prints the best matches:
//
//   LOOKALIKE_API_KEY=... node search.mjs https://photos.example/ FILE [HOW MANY]

import { readFile } from "node:fs/promises";

import { Lookalike, Problem } from "./lookalike.mjs";

const [url, path, k = "10"] = process.argv.slice(2);
const images = new Lookalike(url, process.env.LOOKALIKE_API_KEY ?? null);
try {
  const { matches } = await images.search(new Blob([await readFile(path)]), { k: Number(k) });
  for (const { score, name, uri } of matches) {
    console.log(score.toFixed(4), name, uri);
  }
} catch (error) {
  if (!(error instanceof Problem)) {
    throw error;
  }
  console.error(`${error.message} (${error.type})`);
  process.exitCode = 1;
}
