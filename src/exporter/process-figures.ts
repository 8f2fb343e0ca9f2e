// What the kernel knows of this process, for the metrics that every Prometheus exporter has.
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startSeconds: number;
  /** Undefined where /proc cannot be read. */
  readonly virtualBytes: number | undefined;
  readonly openFiles: number | undefined;
  readonly mostFiles: number | undefined;
}

export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startSeconds: performance.timeOrigin / 1000,
    virtualBytes: scaled(numberIn('/proc/self/status', /^VmSize:\s+(\d+) kB$/m), 1024),
    openFiles: countEntries('/proc/self/fd'),
    mostFiles: numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m),
  };
}

/** Packets dropped at the UDP sockets of this port since they were opened (`drops` of proc_net_udp). */
export function udpDrops(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  let drops = 0;
  for (const path of ['/proc/self/net/udp', '/proc/self/net/udp6']) {
    for (const line of read(path).split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(`:${hex}`)) drops += Number(columns.at(-1)) || 0;
    }
  }
  return drops;
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  const text = pattern.exec(read(path))?.[1];
  return text === undefined ? undefined : Number(text);
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function countEntries(path: string): number | undefined {
  try {
    // One of them is the directory that is being read.
    return readdirSync(path).length - 1;
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
