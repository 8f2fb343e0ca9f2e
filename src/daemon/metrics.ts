// The figures of a moment, gathered from the keepers and the machine, as metric families. Loaded with the first question.
// Law: /proc is read only when asked, and at most once a second, however many ask.
import type { ServiceFigures } from '../core/figures.ts';
import { familiesOf } from '../core/metric-table.ts';
import type { Family } from '../core/metric.ts';
import { currentOf } from '../core/service-text.ts';
import type { Plan } from '../core/plan.ts';
import type { Clock, Meter, Usage, Vitals } from '../ports.ts';
import type { Checks } from './checks.ts';
import type { Leaders } from './leaders.ts';
import type { Logs } from './logs.ts';
import type { Memory } from './memory.ts';
import type { Services } from './services.ts';
import type { Tallies } from './tallies.ts';

/** How old what was read from /proc may be, ms. */
const freshFor = 1_000;

export interface MetricsDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly version: string;
  readonly plan: () => Plan;
  readonly services: Pick<Services, 'state'>;
  readonly checks: Pick<Checks, 'records'>;
  readonly leaders: Pick<Leaders, 'figures'>;
  readonly logs: Pick<Logs, 'written' | 'missed'>;
  readonly memory: Pick<Memory, 'kills'>;
  readonly tallies: Tallies;
  readonly vitals: Vitals;
  readonly meter: Meter | undefined;
  /** Lines that could not be written, by output. */
  readonly dropped: () => Readonly<Record<string, number>>;
}

export interface Metrics {
  /** Families one by one, so that whoever takes many of them can let others do something in between. */
  read(): Promise<Iterable<Family>>;
}

type Usages = ReadonlyMap<string, Usage>;

/** CPU time of a service over all its runs. */
interface CpuTime {
  readonly main: number;
  readonly latest: number;
  readonly total: number;
}

export function createMetrics(deps: MetricsDeps): Metrics {
  const { clock, services, tallies, vitals } = deps;
  let usages: { readonly at: number; readonly read: Promise<Usages> } | undefined;
  let times: ReadonlyMap<string, CpuTime> = new Map();

  function mainOf(name: string): number | undefined {
    const state = services.state(name);
    return 'pid' in state ? state.pid : undefined;
  }

  function freshUsages(): Promise<Usages> {
    const now = clock.now();
    if (usages !== undefined && now - usages.at < freshFor) return usages.read;
    const mains = [...deps.plan().services.keys()].flatMap((name) => {
      const main = mainOf(name);
      return main === undefined ? [] : [[name, main] as const];
    });
    const read = vitals.services(new Map(mains)).then((found) => {
      times = new Map([...deps.plan().services.keys()].map((name) => [name, timeOf(name, mains, found)]));
      return found;
    });
    usages = { at: now, read };
    return read;
  }

  /** Only growth counts: what has gone takes its time with it. */
  function timeOf(name: string, mains: readonly (readonly [string, number])[], found: Usages): CpuTime {
    const known = times.get(name) ?? { main: 0, latest: 0, total: 0 };
    const main = mains.find(([owner]) => owner === name)?.[1];
    const now = found.get(name)?.cpuSeconds;
    if (main === undefined || now === undefined) return known;
    const before = main === known.main ? known.latest : 0;
    return { main, latest: now, total: known.total + Math.max(0, now - before) };
  }

  function figuresOf(name: string, usage: Usage | undefined): ServiceFigures {
    const state = services.state(name);
    return {
      ...tallies.service(name),
      name,
      state: state.kind,
      active: currentOf(state) === 'active',
      known: state.kind !== 'idle',
      backoff: state.kind === 'backoff' ? state.tries.delay : 0,
      logLines: deps.logs.written(name).lines,
      logBytes: deps.logs.written(name).bytes,
      processes: usage?.processes ?? 0,
      threads: usage?.threads,
      cpuSeconds: times.get(name)?.total ?? 0,
      memoryBytes: usage?.memoryBytes,
      openFiles: usage?.openFiles,
    };
  }

  return {
    async read() {
      const found = await freshUsages();
      const names = [...deps.plan().services.keys()].toSorted();
      return familiesOf({
        version: deps.version,
        services: names.map((name) => figuresOf(name, found.get(name))),
        checks: deps.checks.records().map(({ name, status }) => ({ name, status, ...tallies.check(name) })),
        leaders: deps.leaders.figures(),
        requests: [...tallies.requests()],
        tasksFailed: tallies.tasksFailed(),
        droppedLines: { ...deps.dropped(), follower: deps.logs.missed() },
        oomKills: deps.memory.kills(),
        lostDatagrams: deps.meter?.lost(),
        ...vitals.own(),
      });
    },
  };
}
