// Recognises Gunicorn workers that boot and exit over and over (`sys.exit()` while the application is imported), which
// the master never gives up and never reports. A pure machine: one line of output at a time, at most one warning a minute.

export interface BootWatch {
  /** When each worker booted, ms of the monotonic clock, by pid; the oldest are dropped. */
  readonly booted: ReadonlyMap<string, number>;
  /** Workers that exited young, one after the other with no old one between them. */
  readonly shortLives: number;
  /** When the first of those ended. */
  readonly since: number;
  readonly lastExit: number;
  readonly warnedAt: number;
}

export const noBoots: BootWatch = {
  booted: new Map(),
  shortLives: 0,
  since: 0,
  lastExit: Number.NEGATIVE_INFINITY,
  warnedAt: Number.NEGATIVE_INFINITY,
};

const minute = 60_000;
/** A worker that lived this long had the application loaded, ms. */
const youth = minute;
const enough = 5;
/** Workers that are remembered. */
const bound = 64;

/** Takes one line of Gunicorn's output at `now` (monotonic ms); the second value is a sentence to tell, if any. */
export function watchBoots(watch: BootWatch, line: string, now: number): readonly [BootWatch, string?] {
  if (line.length > 200 || !line.startsWith('[')) return [watch];
  const boot = /\] Booting worker with pid: (\d+)/.exec(line)?.[1];
  if (boot !== undefined) {
    const booted = new Map(watch.booted).set(boot, now);
    const [oldest] = booted.keys();
    if (booted.size > bound && oldest !== undefined) booted.delete(oldest);
    return [{ ...watch, booted }];
  }
  // A worker is told to go by a request count, a reload or the end: those that follow are no failures.
  if (/\] (?:Autorestarting worker|Handling signal: |Shutting down: Master)/.test(line)) {
    return [{ ...noBoots, warnedAt: watch.warnedAt }];
  }
  const exit = /\] Worker (?:exiting \(pid: (\d+)\)|\(pid:(\d+)\) exited with code)/.exec(line);
  const pid = exit?.[1] ?? exit?.[2];
  const start = pid === undefined ? undefined : watch.booted.get(pid);
  return pid === undefined || start === undefined ? [watch] : exited(watch, pid, now - start, now);
}

function exited(watch: BootWatch, pid: string, life: number, now: number): readonly [BootWatch, string?] {
  const booted = new Map(watch.booted);
  booted.delete(pid);
  if (life >= youth) return [{ ...watch, booted, shortLives: 0 }];
  const fresh = watch.shortLives === 0 || now - watch.lastExit > 2 * minute;
  const next: BootWatch = {
    booted,
    shortLives: fresh ? 1 : watch.shortLives + 1,
    since: fresh ? now : watch.since,
    lastExit: now,
    warnedAt: watch.warnedAt,
  };
  if (next.shortLives < enough || now - watch.warnedAt < minute) return [next];
  const seconds = Math.max(1, Math.round((now - next.since) / 1000));
  return [
    { ...next, warnedAt: now },
    `Gunicorn's workers boot and exit over and over (${next.shortLives} times in ${seconds} s) and Gunicorn will not stop trying; does the application call sys.exit() while it is imported?`,
  ];
}
