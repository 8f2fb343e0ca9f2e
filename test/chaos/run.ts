// `npm run chaos -- ENGINE [FAULTS [SEED [KINDS]]]`: many faults against real replicas, and the table of what came of them; of
// these kinds alone, where some are named ("ONE+OTHER": both at once, on one replica). Exits with 1 where a law was broken: two ran at the same time, an epoch went back,
// nobody ran without a fault that explains it, a fence let a late effect in or kept one out, or there was a storm.
import { engines } from './engines.ts';
import { brokenLaws } from './goals.ts';
import { faultKinds, unknownKinds } from './nemesis.ts';
import { formatReport, formatTimeline } from './report.ts';
import { chaosMissing, play } from './world.ts';

const [name = '', count = '300', seed = String(Date.now() % 1_000_000), list] = process.argv.slice(2);
const engine = engines[name];
const kinds = list?.split(',');
const [unknown] = unknownKinds(kinds ?? []);
const why =
  unknown !== undefined
    ? `there is no fault "${unknown}"; there are: ${faultKinds.map((kind) => kind.name).join(', ')}`
    : engine === undefined
      ? `there is no engine "${name}"`
      : chaosMissing(engine);
if (engine === undefined || why !== undefined) {
  process.stderr.write(
    `cannot play: ${why}\nusage: npm run chaos -- ${Object.keys(engines).join('|')} [faults [seed [kind,...]]]\n`,
  );
  process.exit(2);
}
// So that namespaces and replicas go too.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(130));
const begun = performance.now();
const report = await play({
  engine,
  faults: Number(count),
  seed: Number(seed),
  ...(kinds && { kinds }),
  progress(done, { parts }) {
    process.stderr.write(`\r\x1b[K${done}/${count} ${parts.join(', ')}`);
  },
});
process.stderr.write('\r\x1b[K');
process.stdout.write(
  `${formatReport(name, report)}\n\nseed ${seed}, ${Math.round((performance.now() - begun) / 1000)} s\n`,
);
const isBroken = brokenLaws(report).length > 0;
if (isBroken) process.stdout.write(`${formatTimeline(report)}\n${report.logs}\n`);
process.exit(isBroken ? 1 : 0);
