// The Vitals port: what processes use, from /proc, and how djsup itself does. Loaded with the first question.
// Laws: no stretch of work here holds up the event loop for longer than a slice; a process that goes meanwhile is left out.
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Usage, Vitals } from '../ports.ts';
import { countOpenFiles, listPids, readStat } from './proc.ts';
import type { ProcessStat } from './proc.ts';

/** Work between two looks at what else is to be done, ms. */
const slice = 2;
/** Memory maps summed up by the kernel at a time, off the event loop: half of Node's thread pool. */
const readersOfMaps = 2;
/** USER_HZ of Linux on every platform that djsup is made for: times(2). */
const ticksPerSecond = 100;
/** Between two measurements of the event loop, ms. */
const resolution = 100;
/** How far back quantiles go at least, ms. */
const stretch = 60_000;
const quantiles = [0.5, 0.9, 0.99];

export function createVitals(): Vitals {
  const loop = createLoopDelay();

  return {
    async services(mains) {
      const rest = createPauses();
      const stats: ProcessStat[] = [];
      for (const pid of mains.size === 0 ? [] : listPids()) {
        const stat = readStat(pid);
        if (stat !== undefined && stat.state !== 'Z' && stat.state !== 'X') stats.push(stat);
        await rest();
      }
      const members = membersOf(mains, stats);
      const memory = await readMemory([...members.values()].flat().map(({ pid }) => pid));
      const usages = new Map<string, Usage>();
      for (const [name, processes] of members) {
        const files = [];
        for (const { pid } of processes) {
          files.push(countOpenFiles(pid));
          await rest();
        }
        usages.set(name, {
          processes: processes.length,
          threads: total(processes.map(({ threads }) => threads)) ?? 0,
          cpuSeconds: (total(processes.map(({ cpuTicks }) => cpuTicks)) ?? 0) / ticksPerSecond,
          memoryBytes: total(processes.map(({ pid }) => memory.get(pid))),
          openFiles: total(files),
        });
      }
      return usages;
    },
    own() {
      const { user, system } = process.cpuUsage();
      // One of them is the directory that is being read.
      const ownFiles = countOpenFiles('self');
      return {
        cpuSeconds: (user + system) / 1e6,
        residentBytes: process.memoryUsage.rss(),
        openFiles: ownFiles === undefined ? undefined : ownFiles - 1,
        startSeconds: performance.timeOrigin / 1000,
        loopDelay: loop(),
      };
    },
  };
}

/** The processes of each service that has any: of its main process's group or session, or descended from it. */
export function membersOf(
  mains: ReadonlyMap<string, number>,
  stats: readonly ProcessStat[],
): ReadonlyMap<string, readonly ProcessStat[]> {
  const owners = new Map([...mains].map(([name, main]) => [main, name]));
  const parents = new Map(stats.map(({ pid, parent }) => [pid, parent]));
  const members = new Map<string, ProcessStat[]>();

  function ownerOf({ pid, group, session }: ProcessStat): string | undefined {
    const direct = owners.get(group) ?? owners.get(session);
    if (direct !== undefined) return direct;
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) {
      const owner = owners.get(at);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  for (const stat of stats) {
    const owner = ownerOf(stat);
    if (owner === undefined) continue;
    const known = members.get(owner);
    if (known === undefined) members.set(owner, [stat]);
    else known.push(stat);
  }
  return members;
}

/** PSS of each process, resident memory where that cannot be read, bytes; without those of which neither can. */
async function readMemory(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const memory = new Map<number, number>();
  const left = [...pids];
  async function reader(): Promise<void> {
    for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
      const bytes =
        (await kilobytes(pid, 'smaps_rollup', /^Pss:\s+(\d+) kB$/m)) ??
        (await kilobytes(pid, 'status', /^VmRSS:\s+(\d+) kB$/m));
      if (bytes !== undefined) memory.set(pid, bytes);
    }
  }
  await Promise.all(Array.from({ length: readersOfMaps }, reader));
  return memory;
}

async function kilobytes(pid: number, file: string, pattern: RegExp): Promise<number | undefined> {
  try {
    const text = pattern.exec(await readFile(`/proc/${pid}/${file}`, 'utf8'))?.[1];
    return text === undefined ? undefined : Number(text) * 1024;
  } catch {
    return undefined;
  }
}

/** Undefined where nothing is known of any. */
function total(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

/** To be awaited between small steps: lets all else come first whenever a slice is used up. */
function createPauses(): () => Promise<void> | undefined {
  let begun = performance.now();
  async function pause(): Promise<void> {
    await setImmediate();
    begun = performance.now();
  }
  return () => (performance.now() - begun < slice ? undefined : pause());
}

/** Begins to measure now, and gives what was measured. */
function createLoopDelay(): () => ReturnType<Vitals['own']>['loopDelay'] {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  let since = performance.now();
  const past = { sum: 0, count: 0 };

  // A measurement is the time from one timer to the next, in ns.
  const lateness = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolution / 1000);

  return () => {
    const { count } = delay;
    const sum = count === 0 ? 0 : lateness(delay.mean) * count;
    const latest = {
      quantiles: quantiles.map((one) => {
        return [one, count === 0 ? 0 : lateness(delay.percentile(one * 100))] as const;
      }),
      sum: past.sum + sum,
      count: past.count + count,
    };
    if (performance.now() - since < stretch) return latest;
    past.sum += sum;
    past.count += count;
    delay.reset();
    since = performance.now();
    return latest;
  };
}
