// Three replicas of djsup, each PID 1 of a namespace with a network of its own, a real engine, and a nemesis: no two
// schedulers ever run at the same time. A short run for each engine; `npm run chaos` plays long ones.
import { afterAll, describe, expect, test } from 'vitest';
import type { EngineKind } from '../chaos/engine.ts';
import { engines } from '../chaos/engines.ts';
import { brokenLaws } from '../chaos/goals.ts';
import { formatReport } from '../chaos/report.ts';
import { chaosMissing, lease, play } from '../chaos/world.ts';

/** In this order, as far as the engine has what they need. */
const kinds = [
  'SIGTERM djsup',
  'crash',
  'hold',
  'stop djsup',
  'step down',
  'restart engine',
  'kill guard',
  'kill djsup',
  'terminate sessions',
  'revoke rights',
  'disk full',
  'pair',
];
const tables: string[] = [];
// oxlint-disable-next-line no-console -- what was measured on this machine
afterAll(() => console.info(tables.join('\n\n')));

describe.each(Object.entries(engines))('with %s', (name, engine) => {
  test('whatever happens, one scheduler runs at a time, and soon there is one again', async (context) => {
    const why = chaosMissing(engine);
    if (why !== undefined) return context.skip(why);
    const report = await play({ engine, seed: 1, kinds });
    // oxlint-disable-next-line no-console -- what the replicas said, where it went wrong
    context.onTestFailed(() => console.error(report.logs));
    tables.push(formatReport(name, report));
    expect(brokenLaws(report)).toEqual([]);
    expect(report.fence.accepted).toBeGreaterThan(0);
    // The goal is a lease times 1.01 and a second; a machine with other work may take longer to start a process.
    const late = report.verdict.gaps.filter(({ from, to, fault }) => {
      const lasted = fault === undefined ? 0 : Math.max(0, fault.until - fault.at);
      return to - from > lasted + lease * 1.01 + 3;
    });
    expect(late).toEqual([]);
  }, 150_000);
});

test('planted fault: replicas that ask nobody run at the same time, and the judge says so', async (context) => {
  const alone: EngineKind = {
    missing: () => undefined,
    start: () =>
      Promise.resolve({
        port: undefined,
        layer: ['backend: external', 'external: { command: /bin/echo 30 }'],
        environment: () => ({}),
        faults: {},
        stop: () => Promise.resolve(),
      }),
  };
  const why = chaosMissing(alone);
  if (why !== undefined) return context.skip(why);
  const report = await play({ engine: alone, faults: 1, seed: 1, kinds: ['kill child'] });
  expect(report.verdict.overlaps.filter(({ isReal }) => isReal)).not.toEqual([]);
  // Nor is that peace.
  expect(report.unrest).not.toEqual([]);
}, 60_000);
