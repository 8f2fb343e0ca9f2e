// The name somebody may have meant.

/** The choice that is at most a third of its letters (at least one) away from `word`; undefined when there is none. */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const choice of choices) {
    const allowed = Math.max(1, Math.floor(choice.length / 3));
    if (Math.abs(choice.length - word.length) > allowed) continue;
    const steps = distance(word.toLowerCase(), choice);
    if (steps <= allowed && steps < least) {
      best = choice;
      least = steps;
    }
  }
  return best;
}

/** Insertions, deletions and replacements of one letter (Levenshtein) that turn `from` into `to`. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
