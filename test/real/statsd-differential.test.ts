// djsup's StatsD exporter beside the original: the same bytes to both, and the same metrics from both.
import { beforeEach, describe, expect, test } from 'vitest';
import { groups, type Group } from '../exporter/cases.ts';
import { ours, startExporter, valueIn, type ExporterProcess } from '../exporter/exporter-process.ts';
import { findOriginal } from '../exporter/original.ts';
import { randomPackets } from '../exporter/random-stream.ts';
import { until } from '../support/rig.ts';

const original = findOriginal();
const originalPath = 'path' in original ? original.path : undefined;
beforeEach(({ skip }) => skip('reason' in original, 'reason' in original ? original.reason : ''));

/** The original takes events in after this while; ours at once. */
const quick = '--statsd.event-flush-interval=5ms';
/** What an implementation says of itself, how often its clock has ticked, and how full its cache is. */
const ownBusiness =
  /^(?:# (?:HELP|TYPE) )?(?:go_|process_|promhttp_|statsd_exporter_(?:build_info|event_queue_flushed_total)|statsd_metric_mapper_cache_length)/;

/**
 * What both must agree on: everything but their own business; own help texts may differ. The original adds up a histogram's
 * sum in another order where a scrape comes in between, so its last digits are left out.
 */
function comparable(text: string): readonly string[] {
  const histograms = new Set(
    Array.from(text.matchAll(/^# TYPE (\S+) histogram$/gm), ([, name]) => `${name}_sum`),
  );
  return text
    .split('\n')
    .filter((line) => !ownBusiness.test(line) && !line.startsWith('# HELP statsd_'))
    .map((line) => {
      const at = line.lastIndexOf(' ');
      const isSum = histograms.has(/^\w+/.exec(line)?.[0] ?? '');
      return isSum
        ? `${line.slice(0, at)} ${Number(line.slice(at).replace('Inf', 'Infinity')).toPrecision(12)}`
        : line;
    });
}

class Pair implements AsyncDisposable {
  readonly #both: readonly [ExporterProcess, ExporterProcess];
  #lines = 0;

  private constructor(both: readonly [ExporterProcess, ExporterProcess]) {
    this.#both = both;
  }

  static async start({
    mapping,
    flags = [],
    unixgram,
  }: Pick<Group, 'mapping' | 'flags'> & { readonly unixgram?: true }): Promise<Pair> {
    const options = {
      flags: [quick, ...flags],
      ...(mapping === undefined ? {} : { mapping }),
      ...(unixgram === undefined ? {} : { unixgram }),
    };
    const [theirs, own] = await Promise.all([
      startExporter([originalPath ?? ''], options),
      startExporter(ours, options),
    ]);
    return new Pair([theirs, own]);
  }

  /** Sends to both. */
  async take(packets: readonly (string | Buffer)[]): Promise<void> {
    for (const packet of packets) this.#lines += String(packet).split('\n').length;
    for (const exporter of this.#both) await exporter.send(...packets);
  }

  /** Sends to both; in what they differ once they have taken it in, the original's lines with "-". */
  async compare(packets: readonly (string | Buffer)[]): Promise<readonly string[]> {
    await this.take(packets);
    return this.#differences();
  }

  /** Sends to the Unix datagram sockets of both, of which they take so many lines, and compares. */
  async unix(packets: readonly string[], lines: number): Promise<readonly string[]> {
    this.#lines += lines;
    for (const exporter of this.#both) await exporter.sendUnix(packets);
    return this.#differences();
  }

  /** Sends the same bytes to both over TCP, of which they take so many lines, and compares. */
  async stream(bytes: string, lines: number): Promise<readonly string[]> {
    this.#lines += lines;
    for (const exporter of this.#both) await exporter.stream(bytes);
    return this.#differences();
  }

  /** Sends to ours alone, an empty line to the original, and compares. */
  async unequal(packet: string): Promise<readonly string[]> {
    this.#lines += 1;
    await this.#both[0].send('');
    await this.#both[1].send(packet);
    return this.#differences(200);
  }

  /** What both say, the original first, once the metric has this value in both. */
  async whenBoth(metric: string, value: number): Promise<readonly string[]> {
    return until(`both have ${metric} ${value}`, async () => {
      const texts = await this.#texts();
      return texts.every((text) => valueIn(text, metric) === value) && texts;
    });
  }

  async #differences(deadline = 3_000): Promise<readonly string[]> {
    let found: readonly string[] = [];
    const agree = async (): Promise<boolean> => {
      const texts = await this.#texts();
      const [theirs = [], own = []] = texts.map(comparable);
      const haveAll = texts.every((text) => valueIn(text, 'statsd_exporter_lines_total') === this.#lines);
      found = [
        ...theirs.filter((line) => !own.includes(line)).map((line) => `- ${line}`),
        ...own.filter((line) => !theirs.includes(line)).map((line) => `+ ${line}`),
      ];
      if (found.length === 0 && theirs.join('\n') !== own.join('\n'))
        found = ['the same lines in another order'];
      return haveAll && found.length === 0;
    };
    await until('both agree', agree, deadline).catch(() => undefined);
    return found;
  }

  #texts(): Promise<readonly string[]> {
    return Promise.all(this.#both.map((exporter) => exporter.scrape()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const exporter of this.#both) await exporter[Symbol.asyncDispose]();
  }
}

describe('as the original does', () => {
  const count = groups.reduce((sum, { cases }) => sum + cases.length, 0);

  test('there are enough cases', () => {
    expect(count).toBeGreaterThanOrEqual(200);
  });

  describe.each(groups)('$title', ({ cases, ...group }) => {
    test('case by case', async () => {
      await using pair = await Pair.start(group);
      for (const [index, packets] of cases.entries()) {
        const own = packets.map((packet) => packet.replaceAll('%', `n${index}`));
        expect(await pair.compare(own), `case ${index}: ${JSON.stringify(own).slice(0, 500)}`).toEqual([]);
      }
    }, 120_000);
  });

  test('bytes that are no UTF-8', async () => {
    await using pair = await Pair.start({});
    expect(await pair.compare([Buffer.from('a:1|c|#a:\xff', 'latin1')])).toEqual([]);
    expect(await pair.compare([Buffer.from('a\xff:1|c\nb:1|c', 'latin1')])).toEqual([]);
    expect(await pair.compare([Buffer.from([0x63, 0xed, 0xa0, 0x80, 0x3a, 0x31, 0x7c, 0x63])])).toEqual([]);
    expect(await pair.compare([Buffer.from([0x64, 0xc0, 0xaf, 0x3a, 0x31, 0x7c, 0x63])])).toEqual([]);
  });

  test('streams over TCP, with the ends of lines that there are', async () => {
    await using pair = await Pair.start({});
    expect(await pair.stream('foo:1|c\r\nbar:2|c\r\n', 2)).toEqual([]);
    expect(await pair.stream('foo:1|c\nlast:2|c', 2)).toEqual([]);
    expect(await pair.stream('\n\nfoo:1|c\n\r\n', 4)).toEqual([]);
    for (const length of [4_094, 4_095, 4_096, 4_097, 5_000]) {
      const line = 'a'.repeat(length - 4);
      const fits = length <= 4_095;
      expect(await pair.stream(`first:1|c\n${line}:1|c\nafter:1|c\n`, fits ? 3 : 1)).toEqual([]);
    }
  });

  test('a Unix datagram socket, a random stream and datagrams longer than both read', async () => {
    await using pair = await Pair.start({ unixgram: true });
    for (const packets of randomPackets(4_711, 10, 100)) {
      const lines = packets.reduce((sum, packet) => sum + packet.split('\n').length, 0);
      expect(await pair.unix(packets, lines)).toEqual([]);
    }
    expect(await pair.unix(['\n\nu:1|c\n', 'u:1|c\r\nu:2|c'], 6)).toEqual([]);
    expect(await pair.unix([''], 1)).toEqual([]);
    for (const length of [65_534, 65_535, 65_536, 70_000]) {
      const filler = 'x'.repeat(length - 20);
      // The end that is cut off is the last digits of a value.
      expect(await pair.unix([`v:1|c|#a:${filler}\nw:1234567|g`], 2)).toEqual([]);
    }
  });

  test('quantiles of thousands of observations, within the error that the mapping promises', async () => {
    await using pair = await Pair.start({});
    const values = Array.from({ length: 3_000 }, (_, index) => ((index * 1_237) % 3_000) + 1);
    for (let from = 0; from < values.length; from += 100) {
      const lines = values.slice(from, from + 100).map((value) => `q:${value}|h`);
      await pair.take([lines.join('\n')]);
    }
    for (const text of await pair.whenBoth('q_count', 3_000)) {
      expect(valueIn(text, 'q_sum')).toBe(4_501_500);
      for (const [quantile, error] of [
        [0.5, 0.05],
        [0.9, 0.01],
        [0.99, 0.001],
      ] as const) {
        const rank = valueIn(text, `q{quantile="${quantile}"}`) ?? NaN;
        expect(Math.abs(rank - quantile * 3_000)).toBeLessThanOrEqual(error * 3_000 + 1);
      }
    }
  });

  test('and the comparison finds a difference', async () => {
    await using pair = await Pair.start({ flags: ['--statsd.cache-size=1'] });
    await pair.take(['a:1|c']);
    expect(await pair.compare(['b:1|c'])).toEqual([]);
    expect(await pair.unequal('a:1|c')).toContain('+ a 2');
  });

  test('one random stream, scrape by scrape', async () => {
    await using pair = await Pair.start({
      mapping: `mappings:
- match: app.*.timer
  name: app_timer
  labels: {part: $1}
- match: app.*.size
  name: app_size
  observer_type: histogram
  labels: {part: $1}
- match: '^re\\.(\\w+)\\.(\\w+)'
  match_type: regex
  name: re_$2
  labels: {first: $1}
- match: dropped.*
  name: dropped
  action: drop
`,
    });
    for (const packets of randomPackets(20_261_121, 60, 50)) expect(await pair.compare(packets)).toEqual([]);
  }, 120_000);
});
