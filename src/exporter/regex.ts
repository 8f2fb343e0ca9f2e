// Runs RE2's regular expressions in time that grows with the text and the expression, never faster than both together.
// Law: of the ways to match, the one that Perl and RE2 find first; each state is tried once at each character.
import { fail, ok } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { parseRegex } from './regex-syntax.ts';
import type { Pattern, Place } from './regex-syntax.ts';

export interface RegexMatch {
  /** Of a group by number (0: the whole match) or name; undefined where it took no part. */
  group(name: string): string | undefined;
}

/** Finds the first match anywhere in the text. */
export type Regex = (text: string) => RegexMatch | undefined;

type Step =
  | { readonly kind: 'one'; readonly fits: (point: number) => boolean }
  | { readonly kind: 'at'; readonly where: Place }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'match' };

const mostSteps = 10_000;
/** Texts beyond are taken for no match, so that one packet cannot keep the exporter busy. */
const longestText = 1_024;

/** The failure is one sentence without the expression itself. */
export function compileRegex(source: string): Result<Regex, string> {
  const syntax = parseRegex(source);
  if (!syntax.ok) return syntax;
  const steps = emit(syntax.value.pattern);
  if (steps === undefined) return fail('it is too large once its repetitions are written out');
  const slots = new Map<string, number>([['0', 0]]);
  for (const [index, name] of syntax.value.groups.entries()) {
    slots.set(String(index + 1), index + 1);
    if (name !== undefined) slots.set(name, index + 1);
  }
  return ok((text) => {
    if (text.length > longestText) return undefined;
    const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    const saved = run(steps, points);
    if (saved === undefined) return undefined;
    return {
      group(name) {
        const slot = slots.get(name);
        const from = slot === undefined ? undefined : saved[2 * slot];
        const to = slot === undefined ? undefined : saved[2 * slot + 1];
        if (from === undefined || to === undefined) return undefined;
        return String.fromCodePoint(...points.slice(from, to));
      },
    };
  });
}

/** The steps of a pattern; undefined where there are too many. */
function emit(pattern: Pattern): readonly Step[] | undefined {
  const steps: Step[] = [];
  const tests = new Map<string, (point: number) => boolean>();
  add({ kind: 'save', slot: 0 });
  write(pattern);
  add({ kind: 'save', slot: 1 });
  add({ kind: 'match' });
  return steps.length > mostSteps ? undefined : steps;

  function add<One extends Step>(step: One): One {
    steps.push(step);
    return step;
  }

  function write(part: Pattern): void {
    // Nested repetitions multiply: no need to write them to their end.
    if (steps.length > mostSteps) return;
    switch (part.kind) {
      case 'one':
        add({ kind: 'one', fits: testOf(part.source, part.fold) });
        return;
      case 'at':
        add({ kind: 'at', where: part.where });
        return;
      case 'group':
        add({ kind: 'save', slot: 2 * part.index });
        write(part.body);
        add({ kind: 'save', slot: 2 * part.index + 1 });
        return;
      case 'all':
        for (const one of part.parts) write(one);
        return;
      case 'any':
        writeChoices(part.choices);
        return;
      case 'repeat':
        writeRepeat(part);
    }
  }

  function writeChoices(choices: readonly Pattern[]): void {
    const jumps: { to: number }[] = [];
    for (const [index, choice] of choices.entries()) {
      if (index === choices.length - 1) {
        write(choice);
        break;
      }
      const split = add({ kind: 'split', first: steps.length + 1, second: 0 });
      write(choice);
      jumps.push(add({ kind: 'jump', to: 0 }));
      split.second = steps.length;
    }
    for (const jump of jumps) jump.to = steps.length;
  }

  function writeRepeat({ body, least, most, lazy }: Extract<Pattern, { kind: 'repeat' }>): void {
    for (let i = 0; i < least; i += 1) write(body);
    if (most === Infinity) {
      const start = steps.length;
      const split = add({ kind: 'split', first: 0, second: 0 });
      write(body);
      add({ kind: 'jump', to: start });
      aim(split, start + 1, steps.length, lazy);
      return;
    }
    const splits: { at: number; split: { first: number; second: number } }[] = [];
    for (let i = least; i < most; i += 1) {
      splits.push({ at: steps.length, split: add({ kind: 'split', first: 0, second: 0 }) });
      write(body);
    }
    for (const { at, split } of splits) aim(split, at + 1, steps.length, lazy);
  }

  function testOf(source: string, fold: boolean): (point: number) => boolean {
    const key = `${fold ? 'i' : ''}${source}`;
    const known = tests.get(key);
    if (known !== undefined) return known;
    const slow = new RegExp(`^${source}$`, fold ? 'iu' : 'u');
    const ascii = Uint8Array.from({ length: 128 }, (_, point) =>
      Number(slow.test(String.fromCharCode(point))),
    );
    const test = (point: number): boolean =>
      point < 128 ? ascii[point] === 1 : slow.test(String.fromCodePoint(point));
    tests.set(key, test);
    return test;
  }
}

function aim(split: { first: number; second: number }, body: number, after: number, lazy: boolean): void {
  split.first = lazy ? after : body;
  split.second = lazy ? body : after;
}

/** Where each group begins and ends; backtracks, but never into a state it has been in at the same character. */
function run(steps: readonly Step[], points: readonly number[]): readonly (number | undefined)[] | undefined {
  const seen = new Uint8Array(steps.length * (points.length + 1));
  const saved: (number | undefined)[] = [];
  /** Steps to try later, and slots to put back before: the slot's number is below 0. */
  const pending: [step: number, at: number | undefined][] = [];
  for (let start = 0; start <= points.length; start += 1) {
    pending.push([0, start]);
    for (let todo = pending.pop(); todo !== undefined; todo = pending.pop()) {
      if (todo[0] < 0) saved[-todo[0] - 1] = todo[1];
      else if (follow(todo[0], todo[1] ?? 0)) return saved;
    }
  }
  return undefined;

  function follow(from: number, begin: number): boolean {
    let index = from;
    let at = begin;
    for (;;) {
      const mark = index * (points.length + 1) + at;
      if (seen[mark] === 1) return false;
      seen[mark] = 1;
      const step = steps[index];
      switch (step?.kind) {
        case undefined:
          return false;
        case 'match':
          return true;
        case 'one':
          if (!step.fits(points[at] ?? -1)) return false;
          at += 1;
          index += 1;
          break;
        case 'at':
          if (!isAt(step.where, points, at)) return false;
          index += 1;
          break;
        case 'save':
          pending.push([-step.slot - 1, saved[step.slot]]);
          saved[step.slot] = at;
          index += 1;
          break;
        case 'jump':
          index = step.to;
          break;
        case 'split':
          pending.push([step.second, at]);
          index = step.first;
      }
    }
  }
}

function isAt(where: Place, points: readonly number[], at: number): boolean {
  switch (where) {
    case 'start':
      return at === 0;
    case 'end':
      return at === points.length;
    case 'line-start':
      return at === 0 || points[at - 1] === 10;
    case 'line-end':
      return at === points.length || points[at] === 10;
    case 'word-edge':
      return isWord(points[at - 1]) !== isWord(points[at]);
    case 'no-word-edge':
      return isWord(points[at - 1]) === isWord(points[at]);
  }
}

function isWord(point: number | undefined): boolean {
  return point !== undefined && /\w/.test(String.fromCodePoint(point));
}
