// Durations, times and sizes of files as text. Uses no element of the page.

import { momentOf } from "./text.js";

/** A time given in seconds since 1970. */
export const timeOf = (seconds) => momentOf(seconds * 1000);

/** A number of seconds as people say it: "12 s", "3 min", "2 h 5 min". */
export function lasting(seconds) {
  if (seconds < 90) {
    return `${Math.max(0, Math.round(seconds))} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"].map(
  (unit) => new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 }),
);

/** The size of a file: "1.24 MB". */
export function sizeOf(bytes) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return UNITS[step].format(bytes / 1000 ** step);
}
