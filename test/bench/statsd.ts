// The figures of both StatsD exporters side by side: `node test/bench/statsd.ts`, on a machine that does nothing else.
// Each exporter has one core for itself (the last), the sender another (the first).
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ours, startExporter, valueIn, type ExporterProcess } from '../exporter/exporter-process.ts';
import { findOriginal } from '../exporter/original.ts';
import { root, until } from '../support/rig.ts';

const mapping = readFileSync(join(root, 'layers/statsd-mapping.yaml'), 'utf8');
/** What Gunicorn sends for a request. */
const packets = [
  'gunicorn.request.duration:12.345|ms',
  'gunicorn.requests:1|c|@1.0',
  'gunicorn.request.status.200:1|c|@1.0',
];
const seconds = 3;
const series = 10_000;
const ticksPerSecond = 100;

if (process.argv[2] === 'send') await send(Number(process.argv[3]), Number(process.argv[4]));
else await compare();

async function compare(): Promise<void> {
  const original = findOriginal();
  if ('reason' in original) process.stdout.write(`${original.reason}\n`);
  const exporters = [
    ...('path' in original ? [['original', [original.path]] as const] : []),
    ['djsup', ours] as const,
  ];
  for (const [name, command] of exporters) await measure(name, onCore(availableParallelism() - 1, command));
}

async function measure(name: string, command: readonly string[]): Promise<void> {
  const say = (what: string, value: string): void =>
    void process.stdout.write(`${name.padEnd(9)} ${what.padEnd(44)} ${value}\n`);
  const flags = ['--statsd.read-buffer=4194304'];
  {
    await using exporter = await startExporter(command, { mapping, flags });
    await load(exporter, 5_000);
    let best = 0;
    for (let rate = 10_000; rate < 400_000; rate = Math.round(rate * 1.2)) {
      const { sent, lost } = await load(exporter, rate);
      if (lost > 0) {
        say('loses packets at', `${Math.round(sent / seconds)} a second (${lost} of ${sent})`);
        break;
      }
      best = Math.max(best, sent / seconds);
      // The sender cannot do more.
      if (sent < rate * seconds * 0.9) break;
    }
    say('most packets a second without loss', String(Math.round(best)));
  }
  {
    await using exporter = await startExporter(command, { mapping, flags });
    const before = cpuSeconds(exporter.pid);
    const { sent } = await load(exporter, 20_000);
    say('CPU for a million packets', `${(((cpuSeconds(exporter.pid) - before) / sent) * 1e6).toFixed(2)} s`);
  }
  {
    await using exporter = await startExporter(command, { mapping, flags });
    say('resident memory at the start', `${residentMegabytes(exporter.pid)} MB`);
    for (let from = 0; from < series; from += 20) {
      const lines = Array.from(
        { length: 20 },
        (_, index) => `metric_${from + index}:1|c|#service:web,host:a${index}`,
      );
      await exporter.send(lines.join('\n'));
    }
    await until(
      'all series are there',
      async () => valueIn(await exporter.scrape(), 'statsd_exporter_lines_total') === series,
    );
    say(`resident memory with ${series} series`, `${residentMegabytes(exporter.pid)} MB`);
    const times: number[] = [];
    for (let i = 0; i < 11; i += 1) {
      const began = performance.now();
      await exporter.scrape();
      times.push(performance.now() - began);
    }
    say(
      `scrape of ${series} series, median of 11`,
      `${(times.toSorted((a, b) => a - b)[5] ?? NaN).toFixed(1)} ms`,
    );
    const scrapes = setInterval(() => void exporter.scrape().catch(() => undefined), 500);
    const { sent, lost } = await load(exporter, 20_000);
    clearInterval(scrapes);
    say('lost at 20000 a second, two scrapes a second', `${lost} of ${sent}`);
  }
}

/** Sends at a rate, from a process of its own; what was sent, and what of it did not arrive. */
async function load(
  exporter: ExporterProcess,
  rate: number,
): Promise<{ readonly sent: number; readonly lost: number }> {
  const counted = async (): Promise<number> =>
    valueIn(await exporter.scrape(), 'statsd_exporter_udp_packets_total') ?? 0;
  const before = await counted();
  const [file = '', ...words] = onCore(0, [
    process.execPath,
    import.meta.filename,
    'send',
    String(exporter.udpPort),
    String(rate),
  ]);
  const sender = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  sender.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(sender, 'close');
  const sent = Number(said);
  // What has arrived is counted soon after; what has not by then is lost.
  const arrived = async (): Promise<boolean> => (await counted()) - before >= sent;
  await until('all has arrived', arrived, 1_500).catch(() => undefined);
  return { sent, lost: sent - ((await counted()) - before) };
}

/** Sends for the time of a measurement, a little every millisecond, and prints how many packets. */
async function send(port: number, rate: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const buffers = packets.map((packet) => Buffer.from(packet));
  const began = performance.now();
  let sent = 0;
  let waiting = 0;
  for (let passed = 0; passed < seconds * 1000; passed = performance.now() - began) {
    for (const due = (passed / 1000) * rate; sent < due && waiting < 500; sent += 1) {
      waiting += 1;
      socket.send(buffers[sent % buffers.length] ?? '', () => (waiting -= 1));
    }
    await pause(1);
  }
  await until('the last packet has gone', () => waiting === 0);
  socket.close();
  process.stdout.write(String(sent));
}

function onCore(core: number, command: readonly string[]): readonly string[] {
  const canPin = spawnSync('taskset', ['-c', String(core), 'true']).status === 0;
  return canPin ? ['taskset', '-c', String(core), ...command] : command;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function residentMegabytes(pid: number): string {
  return (
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  ).toFixed(0);
}
