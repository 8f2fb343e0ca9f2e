// Layers and services at the daemon's beginning, and when its layers are to be read again.
// Law: with problems the plan stays as it was, and each of them is told.
import { formatProblem } from '../core/problem.ts';
import type { Result } from '../core/result.ts';
import type { Log } from '../ports.ts';
import type { Gathered } from './gather.ts';
import type { Supervisor } from './supervisor.ts';

/** The layers of files are read again and what differs is restarted; with problems everything stays as it is. */
export function reload(daemon: Supervisor, log: Log, gathered: Result<Gathered, readonly string[]>): void {
  const problems = takeLayers(daemon, gathered);
  if (problems.length > 0) {
    log.write('error', 'cannot re-read the layers, the plan stays as it was:');
    for (const line of problems) log.write('error', line);
    return;
  }
  if (gathered.ok) for (const line of gathered.value.warnings) log.write('warn', line);
  const change = daemon.face.actOnServices('replan', []);
  log.write(
    'info',
    change.ok ? `Re-read the layers, replanning with change ${change.value}.` : change.failure.message,
  );
}

/** The problems, as lines. */
export function takeLayers(
  daemon: Supervisor,
  gathered: Result<Gathered, readonly string[]>,
): readonly string[] {
  if (!gathered.ok) return gathered.failure;
  const loaded = daemon.load(gathered.value.layers);
  return loaded.ok ? [] : loaded.failure.map(formatProblem);
}

export function autostart(daemon: Supervisor, log: Log): void {
  const change = daemon.face.actOnServices('autostart', []);
  if (!change.ok) return log.write('info', `Cannot start default services: ${change.failure.message}`);
  const say = (): void => log.write('info', `Started default services with change ${change.value}.`);
  void daemon.face.waitChange(change.value, undefined, new AbortController().signal).then(say);
}
