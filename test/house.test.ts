// The house's rooms and doors: who may import what. Every import of src/ is read from the syntax tree and held
// against one table. Each rule is shown to catch a planted fault.
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, test } from 'vitest';

interface Room {
  /** Rooms (and ports.ts, a room of one page) whose files it may import. */
  readonly rooms: readonly string[];
  /** Packages it may import; `node:*` stands for every module of Node. */
  readonly packages: readonly string[];
}

const ZOD = 'zod/mini';

const HOUSE: Readonly<Record<string, Room>> = {
  core: { rooms: ['core'], packages: [ZOD, 'yaml'] },
  ports: { rooms: ['core'], packages: [] },
  wire: { rooms: ['wire', 'core'], packages: [ZOD, 'node:http'] },
  daemon: { rooms: ['daemon', 'core', 'ports', 'django'], packages: [] },
  django: {
    rooms: ['django', 'core', 'ports'],
    // node:path is arithmetic on names; the files themselves are read through ports.
    packages: ['@renovatebot/pep440', 'smol-toml', '@lezer/python', '@lezer/common', 'yaml', 'node:path'],
  },
  host: {
    rooms: ['host', 'core', 'ports'],
    packages: ['pino', 'hot-shots', 'koffi', 'pg', '@redis/client', 'mysql2', 'node:*'],
  },
  api: { rooms: ['api', 'core', 'ports', 'wire', 'daemon'], packages: ['fastify', ZOD, 'node:*'] },
  cli: { rooms: ['cli', 'core', 'wire'], packages: ['yaml', 'node:*'] },
  // yaml: the types of the nodes that core/ reads a mapping file into.
  exporter: {
    rooms: ['exporter', 'core', 'ports'],
    packages: [
      'yaml',
      'node:buffer',
      'node:dgram',
      'node:events',
      'node:fs',
      'node:http',
      'node:net',
      'node:timers/promises',
      'node:zlib',
    ],
  },
  // main.ts holds the command line; what `run` needs beyond it is loaded by name alone.
  // Signals are caught before the daemon is loaded, or those of the first moment would be lost.
  main: { rooms: ['cli', 'program', 'exporter', 'host'], packages: ['node:*'] },
  program: {
    rooms: ['core', 'ports', 'wire', 'daemon', 'django', 'host', 'api', 'cli', 'exporter'],
    packages: ['yaml', 'node:*'],
  },
};

/** What an everyday command (`djsup services`) must not load: reachable from main.ts by `import()` alone. */
const DATABASES = ['pg', '@redis/client', 'mysql2'];
const HEAVY = [
  'fastify',
  'koffi',
  'pino',
  'hot-shots',
  '@lezer/python',
  'smol-toml',
  '@renovatebot/pep440',
  ...DATABASES,
];

/** Clock, randomness and the outside world, which core/ gets handed or leaves to the ports. */
const IMPURE_NAMES = new Set(
  'process performance fetch console crypto require Promise queueMicrotask setTimeout setInterval setImmediate'.split(
    ' ',
  ),
);
const IMPURE_CALLS = new Set(['Math.random', 'Date.now']);

type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** The imported file (`core/plan.ts`), package or Node module. */
  readonly to: string;
  readonly kind: 'value' | 'type' | 'dynamic';
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const sources = readSources();

describe('the house', () => {
  test('every import goes through a door of the table', () => {
    expect(wrongDoors(sources)).toEqual([]);
  });

  test('core/ has no clock, no randomness, no promises and no outside world', () => {
    expect(impurities(sources)).toEqual([]);
  });

  test('everyday commands load neither the server nor what only the daemon needs', () => {
    expect(heavyFrom('main.ts', sources)).toEqual([]);
    expect(heavyFrom('cli/main.ts', sources)).toEqual([]);
    expect(heavyFrom('exporter/main.ts', sources)).toEqual([]);
  });

  test('the daemon loads the client of a database only when it is chosen', () => {
    const found = [...heavyFrom('program.ts', sources), ...heavyFrom('host/leases.ts', sources)];
    expect(found.filter((line) => DATABASES.some((name) => line.includes(`"${name}"`)))).toEqual([]);
  });
});

describe('the house test catches', () => {
  test.each([
    ['a static import', 'core/planted.ts', `import { readFileSync } from 'node:fs';`],
    ['an import by a bare builtin name', 'core/planted.ts', `import fs from 'fs';`],
    ['a type import', 'daemon/planted.ts', `import type { Shape } from '../wire/replies.ts';`],
    ['an import for side effects', 'cli/planted.ts', `import '../host/clock.ts';`],
    ['a re-export', 'wire/planted.ts', `export { step } from '../daemon/services.ts';`],
    ['a re-export of everything', 'ports.ts', `export * from './host/clock.ts';`],
    ['a dynamic import', 'daemon/planted.ts', `export const later = () => import('../host/clock.ts');`],
    [
      'a dynamic import of a computed name',
      'cli/planted.ts',
      `export const any = (name: string) => import(name);`,
    ],
    ['a type written as import()', 'core/planted.ts', `export type Clock = import('../ports.ts').Clock;`],
    ['a package of another room', 'core/planted.ts', `import { pino } from 'pino';`],
    ['the full zod', 'core/planted.ts', `import * as z from 'zod';`],
    ['a room that is not in the table', 'attic/planted.ts', `export const box = 1;`],
    [
      'a process started past the spawner',
      'host/leases/planted.ts',
      `import { spawn } from 'node:child_process';`,
    ],
    ['main.ts from a room', 'cli/planted.ts', `import { main } from '../main.ts';`],
    ['a path out of src', 'host/planted.ts', `import { x } from '../../test/support/python.ts';`],
  ])('%s', (_what, path, text) => {
    expect(wrongDoors(new Map([[path, text]]))).toHaveLength(1);
  });

  test.each([
    ['the time', 'const x = Date.now();'],
    ['a date of this moment', 'const x = new Date();'],
    ['chance', 'const x = Math.random();'],
    ['a timer', 'setTimeout(() => {}, 1);'],
    ['the environment', 'const x = process.env;'],
    ['a promise', 'async function x() {}'],
    ['an awaited value', 'await x;'],
  ])('%s in core/', (_what, text) => {
    expect(impurities(new Map([['core/planted.ts', text]]))).not.toEqual([]);
  });

  test('nothing in core/ that merely looks like it', () => {
    const text =
      'const x = new Date(0); const y = { process: 1, Date: { now: 2 } }; y.process; type P = Promise<1>;';
    expect(impurities(new Map([['core/planted.ts', text]]))).toEqual([]);
  });

  test('a server that an everyday command would load, even through two files', () => {
    const files = new Map([
      ['main.ts', `import './cli/a.ts';`],
      ['cli/a.ts', `export * from './b.ts';`],
      ['cli/b.ts', `import { fastify } from 'fastify';`],
    ]);
    expect(heavyFrom('main.ts', files)).toEqual(['cli/b.ts loads "fastify"']);
  });

  test('no server that is loaded when it is needed, nor a type of one', () => {
    const text = `import type { F } from 'fastify'; export const late = () => import('fastify');`;
    expect(heavyFrom('main.ts', new Map([['main.ts', text]]))).toEqual([]);
  });
});

function readSources(): Sources {
  const root = join(import.meta.dirname, '../src');
  const paths = globSync('**/*.ts', { cwd: root }).toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function wrongDoors(files: Sources): string[] {
  const homeless = [...files.keys()].filter((path) => HOUSE[roomOf(path)] === undefined);
  const wrong = importsOf(files).filter(
    ({ from, to }) => HOUSE[roomOf(from)] !== undefined && !isAllowed(from, to),
  );
  return [
    ...homeless.map((path) => `${path} is in no room of the table`),
    ...wrong.map(({ from, to }) => `${from} may not import "${to}"`),
  ];
}

function isAllowed(from: string, to: string): boolean {
  const room = HOUSE[roomOf(from)];
  if (room === undefined) return false;
  // The reaper must know of every process that djsup starts.
  if (to === 'node:child_process') return from === 'host/launch.ts';
  if (to.endsWith('.ts')) return room.rooms.includes(roomOf(to));
  return room.packages.includes(to) || (to.startsWith('node:') && room.packages.includes('node:*'));
}

/** `daemon/services.ts` -> daemon, `ports.ts` -> ports. */
function roomOf(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function importsOf(files: Sources): Import[] {
  return [...files].flatMap(([from, text]) => importsOfFile(from, text));
}

function importsOfFile(from: string, text: string): Import[] {
  const found: Import[] = [];
  for (const node of nodesOf(text)) {
    const kind = kindOf(node);
    if (kind === undefined) continue;
    const source = (node['source'] as Node | null)?.['value'];
    found.push({ from, to: typeof source === 'string' ? target(from, source) : 'a computed name', kind });
  }
  return found;
}

function kindOf(node: Node): Import['kind'] | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return node['importKind'] === 'type' ? 'type' : 'value';
    case 'ExportAllDeclaration':
      return node['exportKind'] === 'type' ? 'type' : 'value';
    case 'ExportNamedDeclaration':
      if (node['source'] === null) return undefined;
      return node['exportKind'] === 'type' ? 'type' : 'value';
    case 'ImportExpression':
      return 'dynamic';
    case 'TSImportType':
      return 'type';
    default:
      return undefined;
  }
}

function target(from: string, source: string): string {
  if (source.startsWith('.')) return posix.join(dirname(from), source);
  return builtinModules.includes(source) ? `node:${source}` : source;
}

function impurities(files: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (roomOf(path) !== 'core') continue;
    for (const node of nodesOf(text)) {
      const what = impurity(node);
      if (what !== undefined) found.push(`${path} uses ${what}`);
    }
  }
  return found;
}

function impurity(node: Node): string | undefined {
  if (node['async'] === true) return 'an async function';
  if (node.type === 'AwaitExpression') return 'await';
  if (
    node.type === 'NewExpression' &&
    nameOf(node['callee']) === 'Date' &&
    (node['arguments'] as []).length === 0
  ) {
    return 'new Date()';
  }
  if (node.type !== 'MemberExpression' && node.type !== 'CallExpression' && node.type !== 'NewExpression') {
    return undefined;
  }
  const name = nameOf(node.type === 'MemberExpression' ? node['object'] : node['callee']);
  if (name !== undefined && IMPURE_NAMES.has(name)) return name;
  const dotted = node.type === 'MemberExpression' ? `${name}.${nameOf(node['property'])}` : '';
  return IMPURE_CALLS.has(dotted) ? dotted : undefined;
}

function nameOf(node: unknown): string | undefined {
  const { type, name } = node as Node;
  return type === 'Identifier' ? (name as string) : undefined;
}

/** What is loaded by merely starting `entry`: through static imports of values, from file to file. */
function heavyFrom(entry: string, files: Sources): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  const visit = (path: string): void => {
    const text = files.get(path);
    if (text === undefined || seen.has(path)) return;
    seen.add(path);
    for (const { from, to, kind } of importsOfFile(path, text)) {
      if (kind !== 'value') continue;
      if (HEAVY.includes(to)) found.push(`${from} loads "${to}"`);
      visit(to);
    }
  };
  visit(entry);
  return found;
}

function* nodesOf(text: string): Generator<Node> {
  yield* walk(parseAst(text, { lang: 'ts' }));
}

function* walk(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (typeof value === 'object' && value !== null) {
    if ('type' in value && typeof value.type === 'string') yield value as Node;
    for (const child of Object.values(value)) yield* walk(child);
  }
}
