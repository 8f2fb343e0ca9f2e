// A reader of Prometheus's text format that takes nothing that the format's document does not allow.
// https://prometheus.io/docs/instrumenting/exposition_formats/
export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const helpForm = new RegExp(`^# HELP (?<name>${nameForm}) (?<help>(?:[^\\\\]|\\\\[\\\\n])*)$`);
const typeForm = new RegExp(`^# TYPE (?<name>${nameForm}) (?<type>counter|gauge|histogram|summary)$`);
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"\n]|\\[\\"n])*)"(?:,(?=[^])|$)/gy;
const sampleForm = new RegExp(`^(?<name>${nameForm})(?:\\{(?<labels>.+)\\})? (?<value>[^ ]+)$`, 's');
const valueForm = /^(?:[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?|[-+]Inf|NaN)$/;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** Throws at the first line that is not as it has to be. */
export function readExposition(text: string): ReadonlyMap<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let help: { name: string; help: string } | undefined;
  let family: (ReadFamily & { samples: ReadSample[] }) | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line.startsWith('# HELP ')) {
      const found = helpForm.exec(line)?.groups ?? fail('no HELP line');
      if (families.has(found['name'] ?? '')) fail('a family twice');
      help = { name: found['name'] ?? '', help: found['help'] ?? '' };
      continue;
    }
    if (line.startsWith('#')) {
      const found = typeForm.exec(line)?.groups ?? fail('no TYPE line');
      if (help?.name !== found['name']) fail('a TYPE without its HELP before it');
      family = { name: found['name'] ?? '', type: found['type'] ?? '', help: help?.help ?? '', samples: [] };
      families.set(family.name, family);
      continue;
    }
    const { name = '', labels = '', value = '' } = sampleForm.exec(line)?.groups ?? fail('no sample');
    if (family === undefined) return fail('a sample of no family');
    if (!(suffixes[family.type] ?? ['']).some((suffix) => name === `${family?.name}${suffix}`)) {
      fail('a sample that is not of the family above it');
    }
    if (!valueForm.test(value)) fail('no value');
    if (seen.has(`${name}{${labels}}`)) fail('a sample twice');
    seen.add(`${name}{${labels}}`);
    const number = value.endsWith('Inf') ? (value.startsWith('-') ? -Infinity : Infinity) : Number(value);
    family.samples.push({ name, labels: readLabels(labels, fail), value: number });
  }
  for (const one of families.values()) if (one.type === 'histogram') checkBuckets(one);
  return families;
}

function readLabels(text: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let read = 0;
  for (const [whole, name = '', value = ''] of text.matchAll(labelForm)) {
    if (name in labels) fail(`label "${name}" twice`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
    read += whole.length;
  }
  if (read !== text.length) fail('labels that cannot be read');
  return labels;
}

/** Buckets grow, end in +Inf, and the last is the count. */
function checkBuckets({ name, samples }: ReadFamily): void {
  const latest = new Map<string, { le: number; value: number }>();
  const keyOf = (labels: ReadSample['labels']): string => JSON.stringify({ ...labels, le: '' });
  for (const { name: sample, labels, value } of samples) {
    const known = latest.get(keyOf(labels));
    if (sample === `${name}_bucket`) {
      const le = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
      if (known !== undefined && (le <= known.le || value < known.value))
        throw new Error(`buckets of ${name}`);
      latest.set(keyOf(labels), { le, value });
    } else if (sample === `${name}_count` && (known?.le !== Infinity || known.value !== value)) {
      throw new Error(`the last bucket of ${name} is not its count`);
    }
  }
}

/** The value of one sample; undefined where there is none. */
export function valueOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = readExposition(text)
    .values()
    .find(({ samples }) => samples.some((sample) => sample.name === name));
  return family?.samples.find((sample) => {
    return (
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
    );
  })?.value;
}
