// Two databases, and an election that moves from one to the other and back, for ever, by roll-outs: who begins in a new
// sandbox goes by the latest template, everybody else by the one of before. Law: the next roll-out begins only after the
// last one has reached everybody.
import { combine } from '../../src/core/leader/twin.ts';
import type { Register } from '../../src/core/leader/twin.ts';
import type { Engine, Line, Request } from './engine.ts';
import type { Way } from './rules.ts';
import type { Random } from './schedule.ts';

/** A replica's lines to both engines. Stage 0: the first alone, 1: both, 2: the second alone, 3: both, 4: as 0. */
interface MovingLine extends Line {
  readonly stage: () => number;
}

export function createMovingEngine(way: Way, random: Random, newEngine: (name: string) => Engine): Engine {
  const engines = [newEngine('a'), newEngine('b')] as const;
  const lines: MovingLine[] = [];
  let template = 0;

  function newLife(sandbox: 'same' | 'new', before: number): number {
    const isEverywhere = lines.every((line) => line.stage() === template);
    if (isEverywhere && isBehindUs() && random.chance(0.3)) template += way.isDirect ? 2 : 1;
    return sandbox === 'new' ? template : before;
  }

  /** On the way somebody has held both records, so that the second knows what the first does. */
  function isBehindUs(): boolean {
    if (template % 2 === 0) return true;
    const [one, two] = engines.map((engine) => engine.view().found);
    return one?.kind === 'record' && two?.kind === 'record' && one.record.term === two.record.term;
  }

  return {
    get isDown() {
      return engines.some((engine) => engine.isDown);
    },
    set isDown(wanted) {
      for (const engine of wanted ? [random.pick(engines)] : engines) engine.isDown = wanted;
    },
    get isCalm() {
      return engines.every((engine) => engine.isCalm);
    },
    set isCalm(wanted) {
      for (const engine of engines) engine.isCalm = wanted;
    },
    get slow() {
      return engines[0].slow ?? engines[1].slow;
    },
    set slow(wanted) {
      for (const engine of wanted === undefined ? engines : [random.pick(engines)]) engine.slow = wanted;
    },
    line(distance) {
      const parts = [engines[0].line(distance), engines[1].line(distance)] as const;
      const line = createMovingLine(parts, way.twin, newLife);
      lines.push(line);
      return line;
    },
    view: () => combine(engines[0].view(), engines[1].view()),
    remove: () => random.pick(engines).remove(),
    damage: () => random.pick(engines).damage(),
    failOver: (lost) => random.pick(engines).failOver(lost),
  };
}

function createMovingLine(
  lines: readonly [Line, Line],
  twin: Way['twin'],
  newLife: (sandbox: 'same' | 'new', before: number) => number,
): MovingLine {
  let stage = 0;

  /** By what this life goes. */
  function register(): Register {
    const [here, there] = [registerOf(lines[0]), registerOf(lines[1])];
    const isBack = stage % 4 >= 2;
    const [one, two] = isBack ? [there, here] : [here, there];
    return stage % 2 === 0 ? one : twin(one, two);
  }

  const line: MovingLine = {
    requestsLost: false,
    repliesLost: false,
    mayWrite: true,
    stage: () => stage,
    rebooted: (sandbox) => void (stage = newLife(sandbox, stage)),
    watch(onWrite) {
      for (const part of lines)
        part.watch(() => {
          const before = stage;
          line.send({ kind: 'read' }, (outcome) => {
            if (outcome.kind !== 'failed' && stage === before) onWrite(outcome.view);
          });
        });
    },
    send(request, reply) {
      if (request.kind === 'read') register().read(reply);
      else register().write(request.expect, request.record, reply);
    },
  };
  for (const key of ['requestsLost', 'repliesLost', 'mayWrite'] as const)
    Object.defineProperty(line, key, {
      get: () => lines[0][key],
      set(wanted: boolean) {
        for (const part of lines) part[key] = wanted;
      },
    });
  return line;
}

function registerOf(line: Line): Register {
  return {
    read: (done) => ask(line, { kind: 'read' }, done),
    write: (expect, record, done) => ask(line, { kind: 'write', expect, record }, done),
  };
}

/** The first answer alone: a message may arrive twice. */
function ask(line: Line, request: Request, done: Parameters<Line['send']>[1]): void {
  let isDone = false;
  line.send(request, (outcome) => {
    if (!isDone) done(outcome);
    isDone = true;
  });
}
