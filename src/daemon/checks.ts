// The keeper of checks: one machine each, their probes, their long-lived changes.
// Law: results live in memory and in the check's task; only a threshold crossed or recovered is saved.
import type { CheckConfig, Level } from '../core/config.ts';
import { checkDeadline, checkStatus, inactive, isHealthy, stepCheck } from '../core/check.ts';
import type { CheckEffect, CheckEvent, CheckOutcome, CheckState } from '../core/check.ts';
import type { Clock } from '../ports.ts';
import type { Changes } from './changes.ts';
import { createProbe } from './check-probe.ts';
import type { ProbeDeps } from './check-probe.ts';
import type { Keeper, Mailbox } from './mailbox.ts';
import type { CheckRecord } from './records.ts';
import type { Standing } from './service-standing.ts';
import type { Tallies } from './tallies.ts';
import type { Teller } from './tell.ts';

export interface Checks extends Keeper {
  /** Follows a new plan: same settings go on, changed ones begin anew, disabled or removed ones stop. */
  apply(configs: ReadonlyMap<string, CheckConfig>): void;
  /** Names of those that were not running before. */
  start(names: readonly string[]): readonly string[];
  stop(names: readonly string[]): readonly string[];
  /** Starts what replan starts: enabled checks that are inactive. */
  startEnabled(): void;
  refresh(name: string, answer: (error: string | undefined) => void): void;
  /** One of its services has changed its standing. */
  serviceChanged(name: string, standing: Standing): void;
  /** The check's change was aborted by somebody. */
  aborted(name: string): void;
  record(name: string): CheckRecord | undefined;
  records(): readonly CheckRecord[];
  health(level: Level | undefined, names: readonly string[]): boolean;
}

interface Entry {
  config: CheckConfig;
  state: CheckState;
  changeId: string | undefined;
  taskId: string | undefined;
  prevChangeId: string | undefined;
  /** Counts configurations, so that an old probe's result is never taken for a new one's. */
  generation: number;
}

export function createChecks(
  deps: ProbeDeps & {
    readonly clock: Clock;
    readonly mailbox: Pick<Mailbox, 'post'>;
    readonly changes: Pick<Changes, 'create' | 'finish' | 'note' | 'get'>;
    readonly tell: Teller;
    readonly tallies: Pick<Tallies, 'check'>;
    readonly standing: (service: string) => Standing;
    /** The check has gone down: services that name it act. */
    readonly wentDown: (check: string) => void;
  },
): Checks {
  const { clock, changes, mailbox, tell } = deps;
  const entries = new Map<string, Entry>();
  const answers = new Map<string, (error: string | undefined) => void>();
  let lastWaiter = 0;

  function feed(name: string, entry: Entry, event: CheckEvent): void {
    const before = countersOf(entry.state);
    const [state, effects] = stepCheck(entry.config, entry.state, event, { now: clock.now(), jitter: 0 });
    entry.state = state;
    if (event.kind === 'result') count(name, before, countersOf(state), event.outcome);
    for (const effect of effects) carryOut(name, entry, effect);
  }

  /** What the machine has counted, it has taken for a result: not one of the start period, nor one that came too late. */
  function count(name: string, before: Counters, after: Counters, { up }: CheckOutcome): void {
    const tally = deps.tallies.check(name);
    if (up && (after.successes > before.successes || after.failures < before.failures)) tally.successes += 1;
    if (!up && after.failures > before.failures) tally.failures += 1;
  }

  function carryOut(name: string, entry: Entry, effect: CheckEffect): void {
    switch (effect.kind) {
      case 'probe': {
        const { generation } = entry;
        const take = (outcome: CheckOutcome): void => {
          mailbox.post(`result of check ${name}`, () => {
            if (entry.generation === generation)
              feed(name, entry, { kind: 'result', number: effect.number, outcome });
          });
        };
        void probe(entry.config).then(take);
        return;
      }
      case 'perform':
        if (entry.taskId !== undefined) changes.finish(entry.taskId, { status: 'Hold' });
        return open(name, entry, 'perform-check');
      case 'halt':
        if (entry.taskId !== undefined) changes.finish(entry.taskId, { status: 'Hold' });
        entry.prevChangeId = entry.changeId;
        entry.changeId = undefined;
        entry.taskId = undefined;
        return;
      case 'went-down':
        tell.check(
          `Check "${name}" threshold ${entry.config.threshold} hit, triggering action and recovering`,
          'down',
        );
        if (entry.taskId !== undefined)
          changes.finish(entry.taskId, { status: 'Error', error: effect.error });
        open(name, entry, 'recover-check');
        return mailbox.post(`actions of check ${name}`, () => deps.wentDown(name));
      case 'came-up':
        tell.check(`Check "${name}" is up again`, 'up');
        if (entry.taskId !== undefined) changes.finish(entry.taskId, { status: 'Done' });
        return open(name, entry, 'perform-check');
      case 'note':
        if (entry.taskId !== undefined) changes.note(entry.taskId, effect.level, effect.text);
        return;
      case 'failed': {
        const text = `Check "${name}" failure ${effect.failures}/${entry.config.threshold}: ${effect.error}`;
        return tell.check(text, 'failure');
      }
      case 'answer':
        answers.get(effect.waiter)?.(effect.error);
        answers.delete(effect.waiter);
        return;
    }
  }

  function open(name: string, entry: Entry, kind: 'perform-check' | 'recover-check'): void {
    const verb = kind === 'perform-check' ? 'Perform' : 'Recover';
    const { kind: probed } = entry.config.probe;
    const type = probed === 'exec' || probed === 'leader' ? probed : probed.toUpperCase();
    const summary = `${verb} ${type} check "${name}"`;
    const draft = { key: name, kind, summary, subject: name, needs: [], follows: [], lane: 0 };
    entry.prevChangeId = entry.changeId ?? entry.prevChangeId;
    entry.changeId = changes.create(kind, summary, undefined, [draft]);
    entry.taskId = changes.get(entry.changeId)?.tasks[0]?.id;
  }

  const probe = createProbe(deps);

  function isServiceUp(config: CheckConfig): boolean {
    return config.services.length === 0 || config.services.some((service) => deps.standing(service) === 'up');
  }

  function startEntry(name: string, entry: Entry): boolean {
    if (entry.state.kind !== 'inactive') return false;
    feed(name, entry, { kind: 'start', serviceUp: isServiceUp(entry.config) });
    return true;
  }

  function configure(name: string, config: CheckConfig): void {
    const known = entries.get(name);
    if (known !== undefined && JSON.stringify(known.config) === JSON.stringify(config)) return;
    const fresh = {
      state: inactive,
      changeId: undefined,
      taskId: undefined,
      prevChangeId: undefined,
      generation: 0,
    };
    const entry: Entry = known ?? { config, ...fresh };
    if (known !== undefined) {
      feed(name, known, { kind: 'stop' });
      known.state = inactive;
      known.generation += 1;
      known.config = config;
    }
    entries.set(name, entry);
    if (config.startup === 'enabled') startEntry(name, entry);
  }

  function recordOf(name: string, entry: Entry): CheckRecord {
    const { config, state, changeId, prevChangeId } = entry;
    return {
      name,
      ...(config.level === undefined ? {} : { level: config.level }),
      startup: config.startup,
      status: checkStatus(state),
      successes: countersOf(state).successes,
      failures: countersOf(state).failures,
      threshold: config.threshold,
      ...(changeId === undefined ? {} : { changeId }),
      ...(prevChangeId === undefined ? {} : { prevChangeId }),
      ...(state.kind === 'waiting' ? { waitingFor: config.services } : {}),
    };
  }

  function each(names: readonly string[], act: (name: string, entry: Entry) => boolean): readonly string[] {
    const sorted = [...new Set(names)].toSorted();
    return sorted.filter((name) => {
      const entry = entries.get(name);
      return entry !== undefined && act(name, entry);
    });
  }

  return {
    apply(configs) {
      for (const [name, config] of configs) configure(name, config);
      for (const [name, entry] of entries) {
        if (configs.has(name)) continue;
        feed(name, entry, { kind: 'stop' });
        entries.delete(name);
      }
    },
    start: (names) => each(names, startEntry),
    stop(names) {
      return each(names, (name, entry) => {
        if (entry.state.kind === 'inactive') return false;
        feed(name, entry, { kind: 'stop' });
        return true;
      });
    },
    startEnabled() {
      for (const [name, entry] of entries) if (entry.config.startup === 'enabled') startEntry(name, entry);
    },
    refresh(name, answer) {
      const entry = entries.get(name);
      if (entry === undefined) return answer(`cannot find check with name "${name}"`);
      if (entry.state.kind === 'active') {
        lastWaiter += 1;
        answers.set(String(lastWaiter), answer);
        return feed(name, entry, { kind: 'refresh', waiter: String(lastWaiter) });
      }
      void probe(entry.config).then((outcome) => answer(outcome.up ? undefined : outcome.error));
    },
    serviceChanged(service, standing) {
      for (const [name, entry] of entries) {
        const { services } = entry.config;
        if (!services.includes(service)) continue;
        if (standing === 'up') feed(name, entry, { kind: 'service-up' });
        else if (!isServiceUp(entry.config)) {
          const wanted = services.every((one) => deps.standing(one) === 'down');
          feed(name, entry, { kind: 'service-down', wanted });
        }
      }
    },
    aborted(name) {
      const entry = entries.get(name);
      if (entry !== undefined) feed(name, entry, { kind: 'stop' });
    },
    record(name) {
      const entry = entries.get(name);
      return entry === undefined ? undefined : recordOf(name, entry);
    },
    records: () =>
      [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, entry]) => recordOf(name, entry)),
    health(level, names) {
      return [...entries].every(([name, { config, state }]) => {
        if (names.length > 0 && !names.includes(name)) return true;
        if (level === 'alive' && config.level !== 'alive') return true;
        if (level === 'ready' && config.level === undefined) return true;
        return isHealthy(config, state);
      });
    },
    deadline() {
      const instants = [...entries.values()].map((entry) => checkDeadline(entry.state) ?? Infinity);
      const next = Math.min(Infinity, ...instants);
      return next === Infinity ? undefined : next;
    },
    tick() {
      const now = clock.now();
      for (const [name, entry] of entries)
        if ((checkDeadline(entry.state) ?? Infinity) <= now) feed(name, entry, { kind: 'tick' });
    },
  };
}

type Counters = Pick<Extract<CheckState, { kind: 'active' }>, 'successes' | 'failures'>;

function countersOf(state: CheckState): Counters {
  return state.kind === 'waiting' ? { successes: 0, failures: 0 } : state;
}
