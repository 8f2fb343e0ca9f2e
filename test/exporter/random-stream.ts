// A stream of StatsD packets, good and bad, the same for the same seed.

/** `rounds` lists of `size` packets each. */
export function* randomPackets(seed: number, rounds: number, size: number): Generator<readonly string[]> {
  const random = mulberry(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;

  const number = (): string =>
    pick([
      () => String(below(1000)),
      () => String(below(1_000_000) / 1000),
      () => random().toPrecision(8),
      () => String(random() * 1e9),
      () => `${below(100)}e${below(6) - 3}`,
    ])();
  const tags = (): string => {
    const all = ['env:prod', 'env:test', 'region:eu-1', 'n.o:5', 'q:"x"', 'user:ünï'];
    return Array.from({ length: 1 + below(3) }, () => pick(all)).join(',');
  };
  const counter = (): string => `${pick(['hits', 'app.web.hits', 're.a.b', 're.c.b', 'x-y'])}:${number()}|c`;
  const gauge = (): string =>
    `${pick(['depth', 'app.q.depth', 're.a.g'])}:${pick(['', '', '+', '-'])}${number()}|g`;
  // Many names: a summary of more than 499 observations may answer anything within its error.
  const timer = (): string => `app.${below(40)}.${pick(['timer', 'other'])}:${number()}|ms`;
  const bytes = (): string => `${pick(['app.web.size', 'app.db.size'])}:${number()}|${pick(['h', 'd'])}`;
  const junk = (): string =>
    pick([
      '',
      'junk',
      'a:b',
      ':1|c',
      'hits:x|c',
      'hits:1|q',
      'hits:1|c|@',
      'hits:1|c|zz',
      'depth:1|c',
      'lat:1|c',
      'hits:-1|c',
      'dropped.x:1|c',
      'hits:1|c|#',
      'lat:1:2:x|ms',
      'hits#a=b:1|c|#c:d',
    ]);
  const line = (): string => {
    const base = pick([counter, counter, gauge, timer, timer, bytes, junk])();
    return (
      base +
      pick(['', '', '', '|@0.5', '|@0.1', '|@0.3']) +
      pick(['', '', () => `|#${tags()}`].map((one) => (typeof one === 'string' ? one : one())))
    );
  };
  for (let round = 0; round < rounds; round += 1) {
    yield Array.from({ length: size }, () => Array.from({ length: 1 + below(5) }, line).join('\n'));
  }
}

/** Mulberry32, a small generator of numbers in [0, 1). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
