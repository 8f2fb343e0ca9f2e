import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { createMeter } from '../../src/host/meter.ts';
import type { HostMeter } from '../../src/host/meter.ts';

test('with a sink, metrics go there as StatsD with flat tags', async () => {
  const sink = createSocket('udp4');
  await new Promise<void>((resolve) => sink.bind(0, '127.0.0.1', resolve));
  const received = new Promise<string>((resolve) =>
    sink.once('message', (bytes) => resolve(bytes.toString())),
  );
  const meter = await meterTo({ DJSUP_STATSD_HOST: `127.0.0.1:${sink.address().port}` });
  meter.count('service.restart', 3, { service: 'web' });
  meter.gauge('services.active', 3);
  meter.observe('start', 0.25, 1, { service: 'web' });
  meter.observe('start', 1.5, 49);
  await meter.close();
  expect((await received).trim().split('\n')).toEqual([
    'service.restart:3|c|#service:web',
    'services.active:3|g',
    'start:0.25|h|#service:web',
    expect.stringMatching(/^start:1\.5\|h\|@0\.0204081\d+$/),
  ]);
  sink.close();
});

test('a sink that does not exist is no error', async () => {
  const meter = await meterTo({ DJSUP_STATSD_HOST: 'no.such.host.invalid' });
  meter.count('a', 1);
  meter.gauge('b', 1);
  await meter.close();
  expect(meter.lost()).toBeGreaterThanOrEqual(0);
});

test('without a sink there is no meter', async () => {
  expect(await createMeter({ DJSUP_STATSD_HOST: '' })).toBeUndefined();
  expect(await createMeter({})).toBeUndefined();
});

async function meterTo(environment: Readonly<Record<string, string>>): Promise<HostMeter> {
  const meter = await createMeter(environment);
  if (meter === undefined) throw new Error('there is no meter');
  return meter;
}
