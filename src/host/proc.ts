// What /proc tells of processes. proc(5), proc_pid_stat(5).
// Law: a process that goes away while it is read is simply not there; nor is any where /proc cannot be read.
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  /** One letter; `Z` is a zombie. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. Together with the pid it names one process for good. */
  readonly startTime: string;
  readonly threads: number;
  /** User and system time, its own and that of children that it has waited for, clock ticks. */
  readonly cpuTicks: number;
}

/** All processes that can be seen: one readdir and one small read each. */
export function listProcesses(): ProcessStat[] {
  return listPids().flatMap((pid) => readStat(pid) ?? []);
}

/** Ids of all processes that can be seen. */
export function listPids(): number[] {
  return namesIn('/proc').map(Number).filter(Number.isInteger);
}

/** How many descriptors a process has open; undefined where that may not be read. */
export function countOpenFiles(pid: number | 'self'): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Our own children, ended ones that nobody has waited for included; undefined where the kernel does not list them. */
export function listChildren(): readonly number[] | undefined {
  const threads = namesIn('/proc/self/task');
  const lists = threads.map((thread) => readProc('self', `task/${thread}/children`));
  if (lists.length === 0 || lists.includes(undefined)) return undefined;
  return lists.flatMap((list) => list?.split(' ').filter(Boolean).map(Number) ?? []);
}

export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat');
  // The name in parentheses may hold blanks and parentheses itself: fields count from the last one.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields ?? [];
  const startTime = fields?.[19];
  if (state === undefined || startTime === undefined) return undefined;
  const times = fields?.slice(11, 15).map(Number) ?? [];
  return {
    pid,
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime,
    threads: Number(fields?.[17]),
    cpuTicks: times.reduce((sum, ticks) => sum + ticks, 0),
  };
}

/** The value of a variable in the environment that a process was started with; undefined too where it may not be read. */
export function readVariables<Name extends string>(
  pid: number,
  names: readonly Name[],
): Readonly<Record<Name, string | undefined>> {
  const words = readProc(pid, 'environ')?.split('\0') ?? [];
  const values = names.map((name) => {
    return [name, words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)];
  });
  return Object.fromEntries(values) as Record<Name, string | undefined>;
}

function readProc(pid: number | 'self', file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
