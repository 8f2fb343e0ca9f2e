// Every command by name. Law: a command's file is loaded when it is asked for, so that `djsup services` pays for nothing else.
import type { Command } from './command.ts';

/** In the order of the reference. */
const files: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  run: () => import('./commands/run.ts'),
  enter: () => import('./commands/enter.ts'),
  help: () => import('./commands/help.ts'),
  version: () => import('./commands/version.ts'),
  plan: () => import('./commands/plan.ts'),
  layers: () => import('./commands/layers.ts'),
  add: () => import('./commands/add.ts'),
  services: () => import('./commands/services.ts'),
  start: () => import('./commands/start.ts'),
  stop: () => import('./commands/stop.ts'),
  restart: () => import('./commands/restart.ts'),
  autostart: () => import('./commands/autostart.ts'),
  replan: () => import('./commands/replan.ts'),
  leader: () => import('./commands/leader.ts'),
  signal: () => import('./commands/signal.ts'),
  logs: () => import('./commands/logs.ts'),
  health: () => import('./commands/health.ts'),
  checks: () => import('./commands/checks.ts'),
  check: () => import('./commands/check.ts'),
  'start-checks': () => import('./commands/start-checks.ts'),
  'stop-checks': () => import('./commands/stop-checks.ts'),
  changes: () => import('./commands/changes.ts'),
  tasks: () => import('./commands/tasks.ts'),
  notices: () => import('./commands/notices.ts'),
  notice: () => import('./commands/notice.ts'),
  notify: () => import('./commands/notify.ts'),
  detect: () => import('./commands/detect.ts'),
  'statsd-exporter': () => import('./commands/statsd-exporter.ts'),
};

export async function findCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(files, name) ? (await files[name]?.())?.command : undefined;
}

/** All commands, for help and for the reference. */
export async function commandTable(): Promise<readonly Command[]> {
  const loaded = await Promise.all(Object.values(files).map((load) => load()));
  return loaded.map(({ command }) => command);
}

/** The command that `typed` was most likely meant to be; undefined where none is near. */
export function nearestCommand(typed: string): string | undefined {
  const near = Object.keys(files)
    .map((name) => ({ name, distance: editDistance(typed, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const above = rows[i - 1] ?? [];
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
