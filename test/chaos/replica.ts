// One replica of djsup: PID 1 of its own PID namespace, in a network namespace and a freezer of its own, with a scheduler
// that writes down when it ran (recorder.py).
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { childrenOf, commandOf, program, until } from '../support/rig.ts';
import { clockWords, setClock } from './fake-clock.ts';
import type { FakeClock } from './fake-clock.ts';
import { openFreezer } from './freezer.ts';
import type { Link } from './link.ts';

export interface ReplicaOptions {
  readonly name: string;
  readonly directory: string;
  /** Where the recorders write, one file a life. */
  readonly beats: string;
  /** A Python that is a program, for recorder and guard. */
  readonly python: string;
  /** The lines of the leader group. */
  readonly leader: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The directory that is mounted as a pod's service account. */
  readonly account: string | undefined;
  readonly link: Link;
  /** Its scheduler ignores SIGTERM. */
  readonly stubborn: boolean;
  /** The database to which it sends effects (effects.py). */
  readonly effects: string;
  /** By which library djsup is told a time of its own; or why it cannot be. */
  readonly clock: FakeClock;
}

export interface Replica extends AsyncDisposable {
  readonly name: string;
  readonly link: Link;
  /** Why it cannot be frozen; undefined: it can. */
  readonly noFreezer: string | undefined;
  /** Starts djsup, unless it runs; after its end, where it has been killed. */
  start(): Promise<void>;
  /** Resolves when djsup has ended. */
  ended(): Promise<void>;
  /** Undefined: there is none right now. As this process sees it, outside of the namespace. */
  pid(who: 'djsup' | 'guard' | 'child'): number | undefined;
  signal(who: 'djsup' | 'guard' | 'child', signal: NodeJS.Signals): void;
  freeze(wanted: boolean): void;
  /** Why its clock cannot be set; undefined: it can. */
  readonly noClock: string | undefined;
  /** How far djsup's clock on the wall is ahead, s; it sees that with a delay (clockDelay). */
  setClock(ahead: number): void;
  /** One action of `djsup leader`; an answer that does not come is no error. */
  act(action: string): Promise<void>;
}

const deadly: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGKILL']);
const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const accountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Words in front of a command that is to find the service account where a pod has it. A mount namespace of its own comes
 * before, and what is mounted there goes with it; the mount point lies in memory, so that nothing is made on the machine.
 */
function mounting(account: string): readonly string[] {
  const script =
    'mount -t tmpfs tmpfs /var/run && mkdir -p "$1" && mount --bind "$0" "$1" && shift && exec "$@"';
  return ['sh', '-c', script, account, accountPath];
}

export function createReplica(options: ReplicaOptions): Replica {
  const { name, directory, link, account, clock } = options;
  const freezer = openFreezer();
  const log = createWriteStream(join(directory, 'log'), { flags: 'a' });
  let running: ChildProcess | undefined;
  let ended = Promise.resolve();
  let starting = Promise.resolve();
  /** It was told to end, or has ended. */
  let isDoomed = false;
  writeLayer(options);
  setClock(directory, 0);

  function pid(who: 'djsup' | 'guard' | 'child'): number | undefined {
    const djsup = childrenOf(running?.pid ?? 0)[0];
    if (who === 'djsup' || djsup === undefined) return djsup;
    const guard = childrenOf(djsup).find((one) => commandOf(one).includes('guard.'));
    if (who === 'guard' || guard === undefined) return guard;
    return childrenOf(guard).find((one) => !isKin(one));
  }

  async function start(): Promise<void> {
    if (running !== undefined && !isDoomed) return;
    await ended;
    isDoomed = false;
    const mounts = account === undefined ? [] : mounting(account);
    const words = [...link.prefix.slice(1), ...unshare, ...mounts, ...clockWords(clock, directory), program];
    const child = spawn(link.prefix[0], [...words, 'run'], {
      cwd: directory,
      env: {
        PATH: '/usr/bin:/bin',
        DJSUP: directory,
        DJSUP_DJANGO: 'off',
        POD_NAME: name,
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running = child;
    for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
    ended = new Promise((resolve) => {
      child.once('exit', () => {
        isDoomed = true;
        resolve();
      });
    });
    await until(`${name} is there`, () => pid('djsup'));
    const own = pid('djsup');
    if (typeof freezer !== 'string' && own !== undefined) freezer.add(own);
  }

  function kill(): void {
    running?.kill('SIGKILL');
  }
  process.once('exit', kill);

  return {
    name,
    link,
    noFreezer: typeof freezer === 'string' ? freezer : undefined,
    noClock: clock.isThere ? undefined : clock.why,
    setClock: (ahead) => setClock(directory, ahead),
    start() {
      // Two faults may both want it to run again.
      starting = starting.then(start);
      return starting;
    },
    ended: () => ended,
    pid,
    signal(who, signal) {
      const target = pid(who);
      if (target === undefined) return;
      if (who === 'djsup' && deadly.has(signal)) isDoomed = true;
      try {
        process.kill(target, signal);
      } catch {
        // It has gone.
      }
    },
    freeze(wanted) {
      if (typeof freezer !== 'string') freezer.freeze(wanted);
    },
    act: (action) =>
      post(join(directory, '.djsup.socket'), JSON.stringify({ action, groups: ['schedulers'] })),
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      kill();
      await ended;
      if (typeof freezer !== 'string') {
        freezer.freeze(false);
        await until('the freezer is empty', () => freezer.remove());
      }
      log.end();
      await link[Symbol.asyncDispose]();
    },
  };
}

/** A descendant of the child that has left its session, and names itself so (recorder.py). */
function isKin(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'kin\n';
  } catch {
    return false;
  }
}

function writeLayer({ name, directory, beats, python, leader, stubborn, effects }: ReplicaOptions): void {
  const recorder = join(import.meta.dirname, 'recorder.py');
  const lines = [
    'services:',
    '  beat-scheduler:',
    '    override: replace',
    `    command: ${python} -S -E ${recorder} ${join(beats, name)} ${stubborn ? -1 : 0} ${effects}`,
    // What it writes down is told by the machine's own clock.
    "    environment: { LD_PRELOAD: '' }",
    '    startup: enabled',
    '    kill-delay: 300ms',
    '    backoff-delay: 50ms',
    '    backoff-factor: 1.0',
    'leader:',
    '  schedulers:',
    '    override: replace',
    '    name: chaos',
    ...leader.map((line) => `    ${line}`),
  ];
  mkdirSync(join(directory, 'layers'), { recursive: true });
  writeFileSync(join(directory, 'layers/001-chaos.yaml'), `${lines.join('\n')}\n`);
}

function post(socketPath: string, body: string): Promise<void> {
  return new Promise((resolve) => {
    const call = request({ socketPath, method: 'POST', path: '/v1/leader', timeout: 1000 }, (response) => {
      response.resume().once('close', () => resolve());
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve());
    call.end(body);
  });
}
