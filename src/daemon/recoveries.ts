// A service that ended by itself and is restarted has a change that tells the story: opened by the first failure, done
// once the service has stayed up or somebody has started it. A crash loop is one change, however long it goes on.
import { formatDuration } from '../core/duration.ts';
import { describeExit } from '../core/exit.ts';
import type { ServiceTale } from '../core/service-state.ts';
import type { Changes } from './changes.ts';
import type { Tale } from './services.ts';

export interface Recoveries {
  take(...tale: Tale): void;
  /** Somebody gave the change up; the service is left to its policy. */
  abort(service: string): void;
}

/** `noted` gets each line of the story too, so that it stands among what the service itself printed. */
export function createRecoveries(
  changes: Pick<Changes, 'create' | 'get' | 'finish' | 'note'>,
  noted: (service: string, line: string) => void,
): Recoveries {
  /** Task ids of open recoveries by service. */
  const open = new Map<string, string>();

  function openFor(service: string, why: string | undefined): string | undefined {
    const known = open.get(service);
    if (known !== undefined) return known;
    const summary = `Recover service "${service}"${why === undefined ? '' : `: ${why}`}`;
    const draft = {
      key: service,
      kind: 'recover-service',
      summary,
      subject: service,
      needs: [],
      follows: [],
      lane: 0,
    };
    const id = changes.create('recover-service', summary, [service], [draft]);
    const task = changes.get(id)?.tasks[0]?.id;
    if (task !== undefined) open.set(service, task);
    return task;
  }

  function close(service: string, status: 'Done' | 'Hold'): void {
    const task = open.get(service);
    open.delete(service);
    if (task !== undefined) changes.finish(task, { status });
  }

  return {
    take(service, tale, { explanation }) {
      const line = chapter(tale, explanation);
      const restarts = tale.kind === 'exited' || tale.kind === 'check-action';
      const begins = restarts && tale.action === 'restart';
      const task = begins ? openFor(service, line) : open.get(service);
      if (task !== undefined && line !== undefined) {
        changes.note(task, 'INFO', line);
        noted(service, line);
      }
      const end = ending(tale);
      if (end !== undefined) close(service, end);
    },
    abort: (service) => close(service, 'Hold'),
  };
}

/** How the story ends with this tale; undefined: it goes on. */
function ending(tale: ServiceTale): 'Done' | 'Hold' | undefined {
  switch (tale.kind) {
    case 'steady':
      return 'Done';
    case 'spawned':
      return tale.restart ? undefined : 'Done';
    case 'spawn-failed':
      return tale.retry ? undefined : 'Hold';
    case 'exited':
      return tale.action === 'restart' ? undefined : 'Hold';
    case 'stopped':
    case 'undying':
    case 'withheld':
      return 'Hold';
    case 'up':
    case 'backoff':
    case 'stopping':
    case 'killing':
    case 'strays':
    case 'check-action':
    // The start of a task goes on until it is done, and tells of it itself.
    case 'finished':
    case 'failed':
      return undefined;
  }
}

function chapter(tale: ServiceTale, explanation: string | undefined): string | undefined {
  switch (tale.kind) {
    case 'exited': {
      const meaning = explanation === undefined ? '' : `: ${explanation}`;
      return `stopped unexpectedly with ${describeExit(tale.exit)}${meaning}`;
    }
    case 'check-action':
      return `check "${tale.check}" failed, action is "${tale.action}"`;
    case 'backoff':
      return `waiting ~${formatDuration(tale.delay)} before restart (backoff ${tale.count})`;
    case 'spawned':
      return `started ${tale.restart ? 'again' : 'on request'} with pid ${tale.pid}`;
    case 'spawn-failed':
      return tale.reason;
    case 'finished':
    case 'failed':
      return undefined;
    case 'steady':
      return 'has stayed up, recovered';
    case 'up':
    case 'stopping':
    case 'killing':
    case 'stopped':
    case 'undying':
    case 'withheld':
    case 'strays':
      return undefined;
  }
}
