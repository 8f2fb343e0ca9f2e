// One table: what happens becomes a log line, a count for the metrics and a notice here and nowhere else.
import { formatDuration } from '../core/duration.ts';
import type { ExitAction } from '../core/config.ts';
import { describeExit, describeMemory, exitKey, isSuccess } from '../core/exit.ts';
import type { Exit, OutOfMemory } from '../core/exit.ts';
import type { RestartCause, ServiceTale } from '../core/service-state.ts';
import type { Log, LogLevel } from '../ports.ts';
import type { LeaderStory } from './leader-story.ts';
import type { ServiceCount, Tallies } from './tallies.ts';

export interface Teller {
  service(
    name: string,
    tale: ServiceTale,
    facts: { readonly command: string; readonly explanation: string | undefined },
  ): void;
  check(text: string, what: 'failure' | 'down' | 'up'): void;
  taskFailed(changeId: string, summary: string, error: string): void;
  leader(group: string, story: LeaderStory): void;
  /** The kernel has killed processes that were no service's main process. */
  outOfMemory(memory: OutOfMemory, processes: number): void;
  say(level: LogLevel, text: string): void;
}

/** A notice of djsup's own: `name` is the part of the key behind "djsup.dev/". */
type Notify = (name: string, data: Readonly<Record<string, string>>) => void;

export function createTeller(
  log: Log,
  tallies: Pick<Tallies, 'service' | 'taskFailed'>,
  notify: Notify,
): Teller {
  return {
    service(name, tale, facts) {
      const { level, text, more, counts } = storyOf(name, tale, facts);
      log.write(level, text);
      if (more !== undefined) log.write(level, more);
      const tally = tallies.service(name);
      for (const count of counts ?? []) tally[count] += 1;
      const memory = memoryOf(tale);
      if (memory !== undefined) notify('out-of-memory', { service: name, ...limitData(memory) });
    },
    check(text, what) {
      log.write(what === 'up' ? 'info' : 'warn', text);
    },
    taskFailed(changeId, summary, error) {
      log.write('error', `Change ${changeId} task (${summary}) failed: ${error}`);
      tallies.taskFailed();
    },
    leader(group, { level, text, notice }) {
      log.write(level, text);
      if (notice !== undefined) notify(`leader-${notice.name}`, { group, ...notice.data });
    },
    outOfMemory(memory, processes) {
      const what = processes === 1 ? 'a process' : `${processes} processes`;
      log.write(
        'warn',
        `${describeMemory(memory)}: the kernel has killed ${what} that a service or check had started`,
      );
      notify('out-of-memory', { processes: String(processes), ...limitData(memory) });
    },
    say(level, text) {
      log.write(level, text);
    },
  };
}

/** What the end of a process had to do with memory; undefined: nothing. */
function memoryOf(tale: ServiceTale): OutOfMemory | undefined {
  const exit = tale.kind === 'exited' || tale.kind === 'failed' ? tale.exit : undefined;
  return exit !== undefined && 'signal' in exit ? exit.outOfMemory : undefined;
}

function limitData({ limit }: OutOfMemory): Record<string, string> {
  return limit === undefined ? {} : { limit: String(limit) };
}

interface Story {
  readonly level: LogLevel;
  readonly text: string;
  /** A second line. */
  readonly more?: string;
  /** What it adds one to. */
  readonly counts?: readonly ServiceCount[];
}

function storyOf(
  name: string,
  tale: ServiceTale,
  facts: { command: string; explanation: string | undefined },
): Story {
  const service = `Service "${name}"`;
  switch (tale.kind) {
    case 'spawned':
      return {
        level: 'info',
        text: `${service} starting: ${facts.command}`,
        counts: tale.restart ? ['starts', 'restarts'] : ['starts'],
      };
    case 'spawn-failed':
      return { level: 'error', text: `${service} ${tale.reason}`, counts: ['spawnFailures'] };
    case 'withheld':
      return { level: 'info', text: `${service} is on standby: this replica does not lead` };
    case 'up':
      return { level: 'debug', text: `${service} is up` };
    case 'exited': {
      const meaning = facts.explanation === undefined ? '' : `: ${facts.explanation}`;
      const more = afterExit(service, tale.exit, tale.action);
      return {
        level: 'warn',
        text: `${service} stopped unexpectedly with ${describeExit(tale.exit)}${meaning}`,
        ...(more === undefined ? {} : { more }),
      };
    }
    case 'finished':
      return { level: 'info', text: `Task "${name}" is done` };
    case 'failed': {
      const meaning = facts.explanation === undefined ? '' : `: ${facts.explanation}`;
      return { level: 'warn', text: `Task "${name}" failed with ${describeExit(tale.exit)}${meaning}` };
    }
    case 'backoff': {
      const pause = formatDuration(Math.round(tale.delay * 1000) / 1000);
      return {
        level: 'info',
        text: `${service} ${restartCauses[tale.because]}, waiting ~${pause} before restart (backoff ${tale.count})`,
      };
    }
    case 'steady':
      return { level: 'info', text: `${service} has recovered` };
    case 'stopping':
      return { level: 'debug', text: `${service} is asked to stop` };
    case 'killing':
      return {
        level: 'warn',
        text: `${service} is still running after its kill-delay, sending SIGKILL`,
        counts: ['kills'],
      };
    case 'stopped':
      return {
        level: 'info',
        text: tale.waiting ? `${service} stopped while waiting for backoff` : `${service} stopped`,
      };
    case 'undying':
      return {
        level: 'error',
        text: `${service} still running after SIGTERM and SIGKILL`,
      };
    case 'strays': {
      const many = tale.found === 1 ? '1 process' : `${tale.found} processes`;
      const rest = tale.left === 0 ? '' : `; ${tale.left} would not die`;
      return {
        level: tale.left === 0 ? 'info' : 'error',
        text: `${service}: ended ${many} that an earlier run left behind${rest}`,
      };
    }
    case 'check-action':
      return {
        level: 'warn',
        text: `${service} on-check-failure action is "${tale.action}"${checkEffect[tale.action]} (check "${tale.check}")`,
      };
  }
}

const checkEffect = {
  restart: ', terminating process before restarting',
  shutdown: ', triggering failure exit',
  'success-shutdown': ', triggering success exit',
  ignore: '',
} as const;

const restartCauses: Readonly<Record<RestartCause, string>> = {
  'on-success': 'on-success action is "restart"',
  'on-failure': 'on-failure action is "restart"',
  check: 'exited after check failure, restarting',
  spawn: 'could not be started',
};

/** What follows an exit, where it is no restart: that has a pause to tell of. */
function afterExit(service: string, exit: Exit, action: ExitAction): string | undefined {
  const told = `${service} ${exitKey(exit)} action is "${action}"`;
  switch (action) {
    case 'restart':
      return undefined;
    case 'ignore':
      return `${told}, not doing anything further`;
    case 'shutdown':
      return `${told}, triggering ${isSuccess(exit) ? 'success' : 'failure'} shutdown`;
    case 'success-shutdown':
      return `${told}, triggering success shutdown`;
    case 'failure-shutdown':
      return `${told}, triggering failure shutdown`;
  }
}
