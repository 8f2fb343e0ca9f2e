// One process of a service: how it is started, and what is learnt from its output and its end.
import type { ServiceConfig } from '../core/config.ts';
import { exitCause } from '../core/exit-cause.ts';
import type { Exit } from '../core/exit.ts';
import { idle } from '../core/service-state.ts';
import type { ServiceEvent } from '../core/service-state.ts';
import type { Child, Clock, Spawner } from '../ports.ts';
import { launchOf } from './launch.ts';
import type { Logs } from './logs.ts';
import type { Mailbox } from './mailbox.ts';
import type { Memory } from './memory.ts';
import { lastLineOf } from './service-standing.ts';
import type { LaunchTerms } from './singletons.ts';
import type { Tallies } from './tallies.ts';
import type { Teller } from './tell.ts';
import type { ServiceFacts } from './views.ts';

/** What is kept of a service; `ServiceFacts` says what it means. */
export interface ServiceEntry extends Changing<ServiceFacts> {
  config: ServiceConfig;
  child: Child | undefined;
  current: string;
  spawnedAt: Date | undefined;
  stoppedByPlan: boolean;
  /** SIGKILL was sent by djsup to its latest process. */
  killed: boolean;
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** What an exit means for the program that was run, given the end of its output. */
export type Explain = (
  argv: readonly string[],
  exit: Exit,
  lastLines: readonly string[],
) => string | undefined;

/** Begins to read the output of a run line by line; what comes back is logged as a warning. Undefined: nobody reads it. */
export type Watch = (
  argv: readonly string[],
) => ((line: string, now: number) => string | undefined) | undefined;

export interface RunDeps {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly mailbox: Pick<Mailbox, 'post'>;
  readonly logs: Logs;
  readonly tell: Pick<Teller, 'say'>;
  readonly tallies: Pick<Tallies, 'service' | 'moved'>;
  readonly memory: Pick<Memory, 'begin' | 'judge'>;
  readonly environment: Readonly<Record<string, string>>;
  readonly explain: Explain;
  readonly watch: Watch;
  /** Asked just before each start of a process; undefined: it may not be started now. */
  readonly launchTerms: (config: ServiceConfig) => LaunchTerms | undefined;
  /** Its guard was killed or has failed, so that what its process left behind has none. */
  readonly guardLost: (name: string) => void;
  /** A process was started with a guard that is not as good as it could be. */
  readonly guardWeak: (name: string, weakness: string) => void;
}

/** A watch that goes on seeing trouble says so once a minute, ms. */
const troubleSpan = 150_000;

/** `feed` takes the events of the run, each in its time. */
export function createRunStarter(
  deps: RunDeps,
  feed: (name: string, entry: ServiceEntry, event: ServiceEvent) => void,
): (name: string, entry: ServiceEntry, run: number) => void {
  const { clock, spawner, mailbox, logs, tell } = deps;

  return (name, entry, run) => {
    const terms = deps.launchTerms(entry.config);
    if (terms === undefined) return feed(name, entry, { kind: 'withheld', run });
    const launch = launchOf(entry.config, deps.environment, terms);
    const watch = deps.watch(launch.argv);
    const seen = (line: string): void => {
      const warning = watch?.(line, clock.now());
      if (warning === undefined) return;
      entry.trouble = { text: warning, until: clock.now() + troubleSpan };
      tell.say('warn', `Service "${name}": ${warning}`);
    };
    deps.memory.begin();
    const spawned = spawner.spawn(launch, {
      output: (bytes) => logs.write(name, bytes, watch === undefined ? undefined : seen),
      exited: (ended, alone) => {
        mailbox.post(`exit of ${name}`, () => {
          logs.end(name);
          const exit = deps.memory.judge(ended, entry.killed);
          if (entry.child === child) {
            entry.lastExit = exit;
            deps.tallies.service(name).exits[exitCause(entry.state, exit, entry.stoppedByPlan)] += 1;
          }
          const output = logs.tail(name, 50, entry.spawnedAt);
          entry.explanation = deps.explain(launch.argv, exit, output);
          entry.lastLine = entry.config.type === 'task' ? lastLineOf(output) : undefined;
          feed(name, entry, { kind: 'exited', run, exit, alone });
          if (exit.guardLost === true) deps.guardLost(name);
        });
      },
      emptied: () => mailbox.post(`${name} emptied`, () => feed(name, entry, { kind: 'emptied', run })),
      weak: (weakness) => mailbox.post(`guard of ${name}`, () => deps.guardWeak(name, weakness)),
    });
    const child = spawned.ok ? spawned.value : undefined;
    entry.explanation = undefined;
    entry.trouble = undefined;
    entry.lastLine = undefined;
    if (!spawned.ok) return feed(name, entry, { kind: 'spawn-failed', run, reason: spawned.failure });
    entry.child = spawned.value;
    entry.killed = false;
    entry.spawnedAt = clock.wall();
    feed(name, entry, { kind: 'spawned', run, pid: spawned.value.pid });
  };
}

export function newEntry(config: ServiceConfig): ServiceEntry {
  return {
    config,
    state: idle,
    child: undefined,
    current: 'inactive',
    since: undefined,
    spawnedAt: undefined,
    restarts: 0,
    lastExit: undefined,
    explanation: undefined,
    trouble: undefined,
    lastLine: undefined,
    stoppedByUser: false,
    stoppedByPlan: false,
    killed: false,
  };
}
