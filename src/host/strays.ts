// Strays: processes that earlier runs of a service have left behind, by their group, their session or their mark.
// Laws: until the end of all, a live child of ours and its descendants are never touched; no signal goes to a pid without its
// start time being read again.
import type { Spawner } from '../ports.ts';
import { sendSignal } from './group.ts';
import { listChildren, listProcesses, readStat, readVariables } from './proc.ts';
import type { ProcessStat } from './proc.ts';
import { createTurnstile } from './turnstile.ts';

/** How long SIGKILL may take, ms. */
const KILL_PATIENCE_MS = 5000;
const LOOK_MS = 20;
/** Earlier runs remembered of one owner, for strays whose environment cannot be read. */
const RUNS_REMEMBERED = 32;

/** Environment variables that mark a service's processes. */
const SERVICE_MARK = 'DJSUP_SERVICE';
const INSTANCE_MARK = 'DJSUP_INSTANCE';

export interface Strays {
  /** What to add to the environment of an owner's processes; undefined: of a process that is no service's. */
  marks(owner: string | undefined): Record<string, string>;
  /** Remembers a run, from its start on; its pid is also its group and session. */
  remember(owner: string, pid: number): void;
  /**
   * The guard of a run has gone before its tree: until a sweep of the owner has found nothing left, an orphan that carries no mark, and
   * began no earlier than the guard, is taken for a stray of this owner. `since`: as of ProcessStat.startTime.
   */
  unguarded(owner: string, since: string): void;
  /** As Spawner.sweep(). */
  readonly sweep: Spawner['sweep'];
  /** As Spawner.sweepAll(). */
  readonly sweepAll: Spawner['sweepAll'];
}

export interface StraysDeps {
  /** Tells this daemon's processes from those of another daemon: an id of its directory. */
  readonly instance: string;
  /** Whether a pid is a living child started by this process. */
  readonly isOwn: (pid: number) => boolean;
  /** Whether orphans become children of this process. */
  readonly adopts: boolean;
}

interface Sweep {
  /** Undefined: all that descends from us, our living children too, and all that carries our mark. */
  readonly owner: string | undefined;
  readonly grace: number;
  readonly done: (found: number, left: number) => void;
}

export function createStrays({ instance, isOwn, adopts }: StraysDeps): Strays {
  const runs = new Map<string, Set<number>>();
  /** Whose mark a living process carries, by its id. It is there from the start or never comes, so one look is enough. */
  const marked = new Map<string, string | undefined>();
  /** Owners of whom no earlier daemon has left anything. */
  const looked = new Set<string>();
  /** Owners of runs that have lost their guard, and since when that had been there, clock ticks. */
  const unguarded = new Map<string, number>();
  const waiting: Sweep[] = [];
  const pass = createTurnstile(1);

  /** One look at /proc serves all owners that asked in this turn. */
  function begin(): void {
    const sweeps = waiting.splice(0);
    if (!hasOrphans() && sweeps.every(({ owner }) => owner !== undefined && looked.has(owner))) {
      forgetGone([]);
      for (const sweep of sweeps) void answerNone(sweep);
      return;
    }
    const processes = look();
    for (const sweep of sweeps) {
      if (sweep.owner !== undefined) looked.add(sweep.owner);
      const strays = strayOf(sweep.owner, processes);
      if (strays.length === 0) void answerNone(sweep);
      else end(sweep, strays);
    }
    forgetGone(processes);
  }

  /**
   * False where this daemon's runs can have left nothing behind: all that they did would descend from an orphan that has
   * become our child. The list is exact, for only we take children off it, by waiting for them: proc_pid_task(5).
   */
  function hasOrphans(): boolean {
    return !adopts || listChildren()?.every(isOwn) !== true;
  }

  /** As a rule a start follows at once, which takes milliseconds: hundreds of them would hold up all else. */
  async function answerNone({ owner, done }: Sweep): Promise<void> {
    await pass();
    if (owner !== undefined) unguarded.delete(owner);
    done(0, 0);
  }

  function look(): ProcessStat[] {
    const living = listLiving();
    const ids = new Set(living.map(idOf));
    for (const id of marked.keys()) if (!ids.has(id)) marked.delete(id);
    return living;
  }

  /** The owner whose mark it carries, empty for a process of ours that is no service's; undefined: it is a stranger. */
  function markOf(process: ProcessStat): string | undefined {
    const id = idOf(process);
    if (!marked.has(id)) {
      const mark = readVariables(process.pid, [SERVICE_MARK, INSTANCE_MARK]);
      marked.set(id, mark[INSTANCE_MARK] === instance ? (mark[SERVICE_MARK] ?? '') : undefined);
    }
    return marked.get(id);
  }

  function strayOf(owner: string | undefined, living: readonly ProcessStat[]): ProcessStat[] {
    if (owner === undefined) {
      const descends = descendantOf(living, (pid) => pid === process.pid);
      return living.filter((process) => descends(process.pid) || markOf(process) !== undefined);
    }
    const past = runs.get(owner);
    const belongs = descendantOf(living, isOwn);
    const since = unguarded.get(owner) ?? Infinity;
    const nameless = new Set(living.filter((one) => isNameless(one, since)).map(({ pid }) => pid));
    const comesOfThem = descendantOf(living, (pid) => nameless.has(pid));
    return living.filter((process) => {
      const { pid, group, session } = process;
      if (isOwn(group) || isOwn(session) || belongs(pid)) return false;
      if (past?.has(group) === true || past?.has(session) === true || markOf(process) === owner) return true;
      return comesOfThem(pid);
    });
  }

  /** An orphan of which nothing tells whose it is. */
  function isNameless(one: ProcessStat, since: number): boolean {
    if (Number(one.startTime) < since || one.parent !== process.pid || isOwn(one.pid)) return false;
    const isOfRun = [...runs.values()].some((pids) => pids.has(one.group) || pids.has(one.session));
    return !isOfRun && markOf(one) === undefined;
  }

  /** SIGTERM to each stray once; SIGKILL to all that are there after the grace, those born meanwhile included. */
  function end({ owner, grace, done }: Sweep, first: readonly ProcessStat[]): void {
    const begun = performance.now();
    const seen = new Set<string>();
    let alive = first;
    const signalNew = (signal: NodeJS.Signals): void => {
      for (const stray of alive) {
        const id = `${idOf(stray)} ${signal}`;
        if (seen.has(id) || !isSame(stray)) continue;
        seen.add(id);
        sendSignal(stray.pid, signal);
      }
    };
    const found = new Set<string>();
    const again = (): void => {
      alive = alive.filter(isSame);
      const overdue = performance.now() - begun >= grace;
      if (alive.length === 0 || overdue) alive = strayOf(owner, look());
      for (const stray of alive) found.add(idOf(stray));
      if (alive.length === 0 || performance.now() - begun >= grace + KILL_PATIENCE_MS) {
        if (owner !== undefined && alive.length === 0) unguarded.delete(owner);
        done(found.size, alive.length);
        return;
      }
      signalNew(overdue ? 'SIGKILL' : 'SIGTERM');
      setTimeout(again, LOOK_MS);
    };
    again();
  }

  /** A number that no process carries as group or session any more may be given to a stranger. */
  function forgetGone(processes: readonly ProcessStat[]): void {
    const carried = new Set(processes.flatMap(({ group, session }) => [group, session]));
    for (const [owner, pids] of runs) {
      for (const pid of pids) if (!carried.has(pid) && !isOwn(pid)) pids.delete(pid);
      if (pids.size === 0) runs.delete(owner);
    }
  }

  function marks(owner: string | undefined): Record<string, string> {
    return { ...(owner === undefined ? {} : { [SERVICE_MARK]: owner }), [INSTANCE_MARK]: instance };
  }

  function ask(sweep: Sweep): void {
    if (waiting.push(sweep) === 1) setImmediate(begin);
  }

  return {
    marks,
    remember(owner, pid) {
      const pids = runs.get(owner) ?? new Set();
      runs.set(owner, pids);
      // A number that comes back belongs to this run from now on.
      for (const others of runs.values()) others.delete(pid);
      pids.add(pid);
      const [oldest] = pids;
      if (pids.size > RUNS_REMEMBERED && oldest !== undefined) pids.delete(oldest);
    },
    unguarded: (owner, since) => void unguarded.set(owner, Number(since)),
    sweep: (owner, grace, done) => ask({ owner, grace, done }),
    sweepAll: (grace, done) => ask({ owner: undefined, grace, done }),
  };
}

/** All living processes but ourselves and the kernel's (session 0). */
function listLiving(): ProcessStat[] {
  return listProcesses().filter(
    ({ pid, state, session }) => session !== 0 && pid !== process.pid && isAlive(state),
  );
}

/** Whether a process, or one that it descends from, is an ancestor that is asked for. */
function descendantOf(
  processes: readonly ProcessStat[],
  isAncestor: (pid: number) => boolean,
): (pid: number) => boolean {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  return (pid) => {
    for (let at: number | undefined = pid; at !== undefined && at > 0; at = parents.get(at)) {
      if (isAncestor(at)) return true;
    }
    return false;
  };
}

/** A pid may be given again; together with its start time it names one process for good. */
function idOf({ pid, startTime }: ProcessStat): string {
  return `${pid} ${startTime}`;
}

function isAlive(state: string): boolean {
  return state !== 'Z' && state !== 'X';
}

function isSame({ pid, startTime }: ProcessStat): boolean {
  const now = readStat(pid);
  return now !== undefined && now.startTime === startTime && isAlive(now.state);
}
