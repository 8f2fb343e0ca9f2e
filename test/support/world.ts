// A supervisor in a world of fakes, driven synchronously.
import { parseLayer } from '../../src/core/layer.ts';
import type { Layer } from '../../src/core/layer.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { createSupervisor } from '../../src/daemon/supervisor.ts';
import type { ChangeRecord } from '../../src/daemon/records.ts';
import type { ReplicaDeps } from '../../src/daemon/singletons.ts';
import type { ServiceAction } from '../../src/daemon/face.ts';
import {
  fakeClock,
  fakeFiles,
  fakeLog,
  fakeMemory,
  fakeMeter,
  fakeProber,
  fakeSpawner,
  fakeVitals,
} from './fakes.ts';
import type { FakeClock } from './fakes.ts';

export function layer(text: string, label = 'base', order = 1): Layer {
  const parsed = parseLayer({ text, file: `${label}.yaml`, label, order, origin: 'test' });
  if (!parsed.ok) throw new Error(parsed.failure.map(formatProblem).join('\n'));
  return parsed.value;
}

/** Its elections never begin. */
const loneReplica: ReplicaDeps = {
  self: { name: 'me', instance: '', boot: 'boot of me', isInit: false },
  about: {},
  backing: () => new Promise(() => {}),
  kernelBoot: 'boot',
  leasePath: () => undefined,
};

export function world(
  options: {
    readonly plan?: string;
    readonly files?: Readonly<Record<string, string>>;
    readonly verbose?: boolean;
    /** Metrics are sent to StatsD. */
    readonly pushing?: boolean;
    readonly replica?: ReplicaDeps;
    readonly release?: () => string;
    /** Shared with other worlds. */
    readonly clock?: FakeClock;
  } = {},
) {
  const clock = options.clock ?? fakeClock();
  const later: (() => void)[] = [];
  const spawner = fakeSpawner((turn) => later.push(turn));
  const prober = fakeProber();
  const files = fakeFiles(options.files);
  const log = fakeLog();
  const meter = fakeMeter();
  const memory = fakeMemory();
  const vitals = fakeVitals();
  const copied: string[] = [];
  const supervisor = createSupervisor({
    clock,
    spawner,
    prober,
    files,
    log,
    memoryLimit: memory,
    vitals: () => Promise.resolve(vitals),
    meter: options.pushing === true ? meter : undefined,
    dropped: () => ({ stderr: 2 }),
    environment: { PATH: '/bin', INHERITED: 'yes' },
    statePath: '/state.json',
    copy: options.verbose === true ? (text) => void copied.push(text) : undefined,
    explain: (_argv, exit) =>
      'code' in exit && exit.code === 3 ? 'the application does not import' : undefined,
    watch: () => (line) => (line === 'boot' ? 'workers exit at boot' : undefined),
    replica: options.replica ?? loneReplica,
    release: () => ({ id: options.release?.() ?? 'r1', because: 'a test' }),
    system: { version: '0.0.0', bootId: 'b', httpAddress: undefined, appId: 'djsup' },
  });
  if (options.plan !== undefined) {
    const loaded = supervisor.load([layer(options.plan)]);
    if (!loaded.ok) throw new Error(loaded.failure.map(formatProblem).join('\n'));
  }
  const { face } = supervisor;

  /** Lets everything that is on its way arrive. */
  function settle(): void {
    for (let turn = later.shift(); turn !== undefined; turn = later.shift()) turn();
  }

  /** Lets time pass in small steps, so that what is on its way arrives in between. */
  function pass(milliseconds: number): void {
    settle();
    for (let left = milliseconds; left > 0; left -= 100) {
      clock.pass(Math.min(100, left));
      settle();
    }
  }

  /** Promises that are ready have been heard. */
  async function listen(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    settle();
  }

  function act(action: ServiceAction, ...names: readonly string[]): string {
    const result = face.actOnServices(action, names);
    if (!result.ok) throw new Error(result.failure.message);
    settle();
    return result.value;
  }

  function change(id: string): ChangeRecord {
    const found = face.change(id);
    if (!found.ok) throw new Error(found.failure.message);
    return found.value;
  }

  function service(name: string) {
    const [found] = face.services([name]);
    if (found === undefined) throw new Error(`no service "${name}"`);
    return found;
  }

  function up(...names: readonly string[]): void {
    act('start', ...names);
    pass(1_100 * names.length + 1_000);
  }

  return {
    clock,
    spawner,
    prober,
    files,
    log,
    meter,
    memory,
    vitals,
    copied,
    supervisor,
    face,
    settle,
    pass,
    listen,
    act,
    change,
    service,
    up,
  };
}
