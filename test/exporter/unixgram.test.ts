// The exporter's Unix datagram socket, with Python at the other end: nothing is lost, and its file comes and goes as it should.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { until } from '../support/rig.ts';
import { ours, refusal, startExporter, valueIn, type ExporterProcess } from './exporter-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'djsup-unixgram-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function has(exporter: ExporterProcess, metric: string, value: number): Promise<true> {
  return until(`${metric} is ${value}`, async () => valueIn(await exporter.scrape(), metric) === value);
}

function residentKilobytes({ pid }: ExporterProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** What an exporter on no other socket says of this one. */
function refused(path: string): { readonly code: number | null; readonly stderr: string } {
  return refusal(
    '--statsd.listen-udp=',
    '--statsd.listen-tcp=',
    '--web.listen-address=127.0.0.1:0',
    `--statsd.listen-unixgram=${path}`,
  );
}

test('of 100,000 datagrams, at 20,000 a second and as fast as they are taken, none is lost and memory stays as it is', async () => {
  await using exporter = await startExporter(ours, { unixgram: true });
  const packets = ['a:1|c', 'b:2|c|#x:y\na:1|c', 'd:5|g', 'e:3|ms', 'a:1|c'];
  const begun = await exporter.sendUnix(packets, 4_000, 20_000);
  await has(exporter, 'statsd_exporter_unixgram_packets_total', begun);
  const before = residentKilobytes(exporter);
  const scrapes = setInterval(() => void exporter.scrape().catch(() => undefined), 100);
  const sent = begun + (await exporter.sendUnix(packets, 16_000));
  clearInterval(scrapes);
  expect(sent).toBe(100_000);
  await has(exporter, 'statsd_exporter_unixgram_packets_total', sent);
  const page = await exporter.scrape();
  expect(valueIn(page, 'a')).toBe(60_000);
  expect(valueIn(page, 'b{x="y"}')).toBe(40_000);
  expect(valueIn(page, 'e_count')).toBe(20_000);
  expect(residentKilobytes(exporter) - before).toBeLessThan(20_000);
});

test('everything is read while other sockets are, after a reload, and until it quits', async () => {
  await using exporter = await startExporter(ours, {
    unixgram: true,
    mapping: 'mappings: [{match: a.*, name: one}]',
    flags: ['--web.enable-lifecycle'],
  });
  await exporter.send('a.x:1|c');
  await exporter.sendUnix(['a.x:1|c', '']);
  await has(exporter, 'one', 2);
  writeFileSync(exporter.mappingFile, 'mappings: [{match: a.*, name: two}]');
  await exporter.get('/-/reload', { method: 'POST' });
  await exporter.sendUnix(['a.x:1|c', 'a.x:1|c']);
  await has(exporter, 'two', 2);
  await has(exporter, 'statsd_exporter_udp_packets_total', 1);
  await exporter.get('/-/quit', { method: 'POST' });
  expect(await exporter.ended).toBe(0);
  expect(existsSync(exporter.socketPath)).toBe(false);
});

test('a signal that reaches the thread that waits ends nothing', async () => {
  await using exporter = await startExporter(ours, { unixgram: true, mapping: '' });
  for (let i = 0; i < 20; i += 1) {
    for (const signal of [
      'SIGSTOP',
      'SIGCONT',
      ...Array.from({ length: 50 }, () => 'SIGHUP' as const),
    ] as const)
      exporter.signal(signal);
    await exporter.sendUnix([`a${i}:1|c`]);
    await has(exporter, `a${i}`, 1);
  }
  exporter.signal('SIGTERM');
  expect(await exporter.ended).toBe(0);
});

describe('its file', () => {
  test.each([
    [[], 0o755],
    [['--statsd.unixsocket-mode=0770'], 0o770],
    [['--statsd.unixsocket-mode=622'], 0o622],
  ])('has the permissions of %j, and goes with it', async (flags, mode) => {
    await using exporter = await startExporter(ours, { unixgram: true, flags });
    const { isSocket, mode: found } = ((stats) => ({ isSocket: stats.isSocket(), mode: stats.mode }))(
      statSync(exporter.socketPath),
    );
    expect([isSocket, found & 0o777]).toEqual([true, mode]);
    exporter.signal('SIGTERM');
    expect(await exporter.ended).toBe(0);
    expect(existsSync(exporter.socketPath)).toBe(false);
  });

  test('is replaced where a crash has left it, and refused where somebody listens on it', async () => {
    const path = join(directory, 'crash.sock');
    {
      await using crashed = await startExporter(ours, { unixgram: path });
      expect(refused(path)).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          `cannot listen on Unix datagram socket \\"${path}\\": another program listens there`,
        ) as string,
      });
      crashed.signal('SIGKILL');
      await crashed.ended;
    }
    expect(existsSync(path)).toBe(true);
    await using next = await startExporter(ours, { unixgram: path });
    await next.sendUnix(['a:1|c']);
    await has(next, 'a', 1);
  });

  test('is left alone where a server of another kind listens on it', async () => {
    const path = join(directory, 'stream.sock');
    const server = createServer((stream) => stream.end('here')).listen(path);
    await once(server, 'listening');
    expect(refused(path).stderr).toContain('another program listens there');
    expect(await text(connect(path))).toBe('here');
    server.close();
  });

  test('that is no socket is left as it is', () => {
    const path = join(directory, 'file');
    const link = join(directory, 'link');
    writeFileSync(path, 'precious');
    symlinkSync(path, link);
    for (const one of [path, link]) {
      expect(refused(one)).toMatchObject({ code: 1 });
      expect(refused(one).stderr).toContain('a file that is no socket is there');
    }
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('that somebody else has put there meanwhile stays', async () => {
    await using exporter = await startExporter(ours, { unixgram: true });
    rmSync(exporter.socketPath);
    writeFileSync(exporter.socketPath, '');
    exporter.signal('SIGTERM');
    await exporter.ended;
    expect(existsSync(exporter.socketPath)).toBe(true);
  });

  test('can be none: a name after "@"', async () => {
    const name = `@djsup-test-${process.pid}`;
    await using exporter = await startExporter(ours, { unixgram: name });
    expect(await exporter.sendUnix(['a:1|c'])).toBe(1);
    await has(exporter, 'a', 1);
    expect(refused(name).stderr).toContain('another program listens there');
  });
});

test.each([
  ['/nowhere/x.sock', 'ENOENT'],
  [`/tmp/${'x'.repeat(120)}`, 'its name is longer than 107 bytes'],
])('a path that cannot be had is refused: %s', (path, why) => {
  const { code, stderr } = refused(path);
  expect(stderr).toContain(why);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
});
