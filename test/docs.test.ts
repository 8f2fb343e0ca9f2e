// The documents and the code tell the same: generated pages are as the code would write them now, defaults are those of a
// plan, links lead somewhere, and every environment variable that the code reads has its row.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { keyRows } from '../docs/layer-page.ts';
import type { KeyRow } from '../docs/layer-page.ts';
import { references } from '../docs/references.ts';
import { edgesOf, serviceMachine } from '../docs/state-charts.ts';
import { fillLayer } from '../src/django/layer.ts';
import { planOf, planProblemsOf, problemsOf } from './core/plan-kit.ts';
import { facts } from './support/project-facts.ts';

type Pages = ReadonlyMap<string, string>;

const root = join(import.meta.dirname, '..');
const generated = await references();

function pagesOnDisk(): Pages {
  const directory = join(root, 'docs/reference');
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** Names of pages that are not as the code would write them. */
function drifted(disk: Pages, code: Pages): string[] {
  return [...new Set([...disk.keys(), ...code.keys()])].filter((name) => disk.get(name) !== code.get(name));
}

test('the pages of docs/reference are what "npm run docs" would write', () => {
  expect(drifted(pagesOnDisk(), generated)).toEqual([]);
});

test('a word changed in a page, a page too many and a page that is missing would be seen', () => {
  const disk = pagesOnDisk();
  const cli = disk.get('cli.md') ?? '';
  expect(drifted(new Map([...disk, ['cli.md', cli.replace('daemon', 'demon')]]), generated)).toEqual([
    'cli.md',
  ]);
  expect(drifted(new Map([...disk, ['planted.md', '']]), generated)).toEqual(['planted.md']);
  expect(drifted(new Map([...disk].slice(1)), generated)).toHaveLength(1);
});

test('a change of the service machine changes its chart', () => {
  const planted = { ...serviceMachine, step: (() => ({ kind: 'idle' })) as typeof serviceMachine.step };
  expect(edgesOf(serviceMachine)).toContain('idle --> clearing: start');
  expect(edgesOf(planted)).toEqual([]);
});

test('a chart on which nothing tells where an event leads is refused', () => {
  const machine = { ...serviceMachine, guards: () => [] };
  expect(() => edgesOf(machine)).toThrow(/nothing tells where it leads/);
});

/** The plan of one service and one check that say of each key what the page gives as its default, or nothing of it. */
function planWith(rows: readonly KeyRow[]): ReturnType<typeof planOf> {
  const lines = (prefix: string): string =>
    rows
      .flatMap(({ key, default: given }) => {
        const [, literal, digits] = /^(?:`(.+?)`|(\d+)$)/.exec(given ?? '') ?? [];
        const name = key.startsWith(prefix) ? key.slice(prefix.length) : '.';
        const value = literal ?? digits;
        return name.includes('.') || value === undefined ? [] : [`, ${name}: ${value}`];
      })
      .join('');
  return planOf(`
services:
  one: {override: replace, command: sleep 1${lines('services.<name>.')}}
checks:
  one: {override: replace, tcp: {port: 1${lines('checks.<name>.tcp.')}}${lines('checks.<name>.')}}
`);
}

test('a plan with every default written out is the plan without them', () => {
  const { services, checks } = planWith([]);
  const written = planWith(keyRows());
  expect(written.text).toContain('backoff-delay: 500ms');
  expect(written.text).toContain('host: localhost');
  expect(written).toMatchObject({ services, checks });

  const planted = keyRows().map((row) => (row.default === '`500ms`' ? { ...row, default: '`501ms`' } : row));
  expect(planWith(planted).services).not.toEqual(services);
});

/** Relative links of a Markdown text that lead nowhere. */
function brokenLinks(file: string, text: string): string[] {
  const prose = text.replaceAll(/```.*?```/gs, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const found = path === '' ? file : join(dirname(file), path);
    if (!existsSync(found)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(found, 'utf8')).includes(anchor);
  });
}

function anchorsOf(text: string): string[] {
  const headings = text.matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link between the documents leads somewhere', () => {
  const files = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).map((name) => join(root, name));
  expect(files.length).toBeGreaterThan(8);
  const broken = files.flatMap((file) => brokenLinks(file, readFileSync(file, 'utf8')));
  expect(broken).toEqual([]);
  const planted = '[a](docs/none.md) [b](README.md#none) [c](README.md) [d](https://example.com/none)';
  expect(brokenLinks(join(root, 'README.md'), planted)).toEqual(['docs/none.md', 'README.md#none']);
});

/** The code blocks of a document that show a layer. */
function layersShown(text: string): string[] {
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.filter((block) => !block.startsWith('apiVersion:'));
}

/** What is wrong with a layer over the one that djsup ships. */
function problemsOverShipped(layer: string): string[] {
  const own = problemsOf(layer);
  if (own.length > 0) return own;
  const shipped = readFileSync(join(root, 'layers/django.yaml'), 'utf8');
  const exporter = { command: ['statsd_exporter'], mapping: '/mapping.yaml', host: 'localhost:9125' };
  const filled = fillLayer(facts, { text: shipped, gunicornConfig: '/gunicorn.conf.py', exporter });
  return planProblemsOf(filled, layer);
}

test('every layer that a guide shows is one that djsup takes', () => {
  const files = globSync('docs/guides/*.md', { cwd: root });
  const layers = files.flatMap((name) => layersShown(readFileSync(join(root, name), 'utf8')));
  expect(layers.length).toBeGreaterThan(4);
  expect(layers.flatMap(problemsOverShipped)).toEqual([]);
  const planted = '```yaml\nservices:\n  django:\n    override: merge\n    enviroment: {}\n```\n';
  expect(layersShown(planted).flatMap(problemsOverShipped)).toHaveLength(1);
});

/** Set by the launcher, read by nobody else. */
const internal = new Set(['DJSUP_INVOKED_AS']);

/** Variables that a text of TypeScript, Python or YAML takes from the environment. */
function variablesRead(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/(?:environment\[|env\[|environ\.get\()["'](DJSUP\w*)/g)].map(([, name = '']) => name),
  );
}

test('every DJSUP variable that the code reads has its row in the guide, and no other name has', () => {
  const files = globSync(['src/**/*.ts', 'layers/*.py'], { cwd: root });
  const code = files.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  const guide = readFileSync(join(root, 'docs/guides/operating.md'), 'utf8');
  const told = new Set([...guide.matchAll(/^\| `(DJSUP\w*)` /gm)].map(([, name = '']) => name));
  expect([...variablesRead(code).difference(internal).difference(told)]).toEqual([]);
  const isUsed = (name: string) => [`'${name}'`, `"${name}"`, `${name}: `].some((use) => code.includes(use));
  expect([...told].filter((name) => !isUsed(name))).toEqual([]);
  expect(isUsed('DJSUP_PLANTED')).toBe(false);
  expect([...variablesRead(`environment['DJSUP_PLANTED']`).difference(told)]).toEqual(['DJSUP_PLANTED']);
});
