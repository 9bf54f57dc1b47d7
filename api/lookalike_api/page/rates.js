// How fast a job is, and how long it still takes. Uses no element of the page.

//: Of two looks at a job, the earlier one is at least so many seconds old: chunks end together, some seconds apart.
const LEAST_S = 6;

export const done = (job) => job.indexed + job.unchanged + job.rejected + (job.placed ?? 0);

/** The last looks at the running jobs. */
export class Rates {
  #looks = new Map();

  /** Images per second of a running job, lately or else since it began; null before the first image is done. */
  of(job, now_s) {
    const looks = this.#looks.get(job.id) ?? [];
    looks.push({ at_s: now_s, done: done(job) });
    // The first one that is old enough is the only old one that is still needed.
    while (looks.length > 1 && now_s - looks[1].at_s >= LEAST_S) {
      looks.shift();
    }
    this.#looks.set(job.id, looks);
    const [first] = looks;
    const seconds = now_s - first.at_s;
    return seconds >= LEAST_S ? (done(job) - first.done) / seconds : meanRate(job);
  }

  /** Forget the jobs that are not among these. */
  keep(jobs) {
    const ids = new Set(jobs.map(({ id }) => id));
    this.#looks = new Map([...this.#looks].filter(([id]) => ids.has(id)));
  }
}

/** Images per second from a job's start to its end, or to now; null if none is done. */
export function meanRate(job) {
  return done(job) && job.seconds ? done(job) / job.seconds : null;
}

/** Seconds that the found images still take at this rate; null if nobody can tell. */
export function secondsLeft(job, rate) {
  return rate && job.state !== "enumerating" ? (job.found - done(job)) / rate : null;
}
