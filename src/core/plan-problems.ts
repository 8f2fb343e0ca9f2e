// What is wrong with a plan beside the problems of its layers, so that a user meets all of them at once.
// Law: nothing is told that is only an echo, such as a key that is missing since its line was refused.
import { placeKey } from './layer-reader.ts';
import type { Layer } from './layer.ts';
import { combineLayers } from './plan.ts';
import type { Place, Problem } from './problem.ts';

/** What stands between the keys of a path. */
const between = placeKey(['', '']);

/** `refused`: the problems found while these layers were read. */
export function alsoWrong(layers: readonly Layer[], refused: readonly Problem[]): readonly Problem[] {
  // Of a section that could not be read nobody knows what it would have held.
  if (layers.some(hasLostSection)) return [];
  const combined = combineLayers(layers);
  if (combined.ok) return [];
  const entries = layers.flatMap(({ places }) =>
    [...places].filter(([key]) => key.split(between).length === 2).map(([, place]) => place),
  );
  const broken = refused.map((problem) => entryAround(entries, problem));
  // What an entry lacks is told at its name, all else at a key or an item of it.
  return combined.failure.filter((problem) => !broken.some((entry) => entry && isAt(entry, problem)));
}

function hasLostSection({ places, values }: Layer): boolean {
  const sections: Readonly<Record<string, unknown>> = { ...values };
  return [...places.keys()].some(
    (key) => key.length > 0 && !key.includes(between) && sections[key] === undefined,
  );
}

/** The entry (a service, a check) that a place lies in: the last one that begins before it. */
function entryAround(entries: readonly Place[], place: Place): Place | undefined {
  const before = entries.filter(
    ({ file, line, column }) =>
      file === place.file && (line < place.line || (line === place.line && column <= place.column)),
  );
  return before.toSorted((a, b) => a.line - b.line || a.column - b.column).at(-1);
}

function isAt(a: Place, b: Place): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column;
}
