import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { createMeter } from '../../src/host/meter.ts';

test('with a sink, metrics go there as StatsD with flat tags', async () => {
  const sink = createSocket('udp4');
  await new Promise<void>((resolve) => sink.bind(0, '127.0.0.1', resolve));
  const received = new Promise<string>((resolve) =>
    sink.once('message', (bytes) => resolve(bytes.toString())),
  );
  const meter = await createMeter({ DJSUP_STATSD_HOST: `127.0.0.1:${sink.address().port}` });
  meter.count('service.restart', { service: 'web' });
  meter.gauge('services.active', 3);
  await meter.close();
  expect((await received).trim().split('\n')).toEqual([
    'service.restart:1|c|#service:web',
    'services.active:3|g',
  ]);
  sink.close();
});

test('a sink that does not exist is no error, nor is none at all', async () => {
  for (const environment of [{ DJSUP_STATSD_HOST: 'no.such.host.invalid' }, { DJSUP_STATSD_HOST: '' }, {}]) {
    const meter = await createMeter(environment);
    meter.count('a');
    meter.gauge('b', 1);
    await meter.close();
    expect(meter.lost()).toBeGreaterThanOrEqual(0);
  }
});
