// Builds dist/ from src/main.ts: the program and the libraries it uses, in a few files that load quickly.
// Law: a start in the middle of a build, and a daemon that runs on the build before, both find all their files.
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { warmUp } from './warm.ts';
import type { OutputChunk } from 'rolldown';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const record = join(dist, '.build.json');
/** What Fastify loads only for schemas of its own and for `inject`; djsup asks for neither outside its tests. */
const unused = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];
/** Fastify asks for these at once, with OpenSSL behind them (8 MB), and uses them for servers that djsup does not make. */
const secureServers = ['node:https', 'node:http2'];
const nothing = 'nothing.cjs';
/** What the families of Fastify and pino ask of these is little, and the whole of them takes 6 ms of each start. */
const lighter: Readonly<Record<string, string>> = {
  assert: 'module.exports = (value, message) => { if (!value) throw new Error(message); };',
  dns: 'module.exports = { lookup: (...words) => process.getBuiltinModule("node:dns").lookup(...words) };',
  perf_hooks: 'module.exports = { performance: { now: () => Number(process.hrtime.bigint()) / 1e6 } };',
  // pino's transports run in workers; djsup has none.
  worker_threads: 'module.exports = { isMainThread: true };',
};
const lightId = 'lighter:';
const families = /\/node_modules\/(fastify|find-my-way|pino|sonic-boom|thread-stream)\//;
/** Marks the stand-ins of Node's own modules. */
const standIn = 'builtin:';
const sources = digestOfSources();
const last = lastBuild();
if (last.sources !== sources) await build();

async function build(): Promise<void> {
  const bundle = await rolldown({
    input: join(root, 'src/main.ts'),
    platform: 'node',
    // unix-dgram is an optional part of hot-shots that is not used. koffi asks for its prebuilt library, a package of
    // its own (@koromix/koffi-*), by a require of its own making, which is left as it is.
    external: ['unix-dgram', ...unused],
    treeshake: { propertyReadSideEffects: false },
    plugins: [{ name: 'builtins', resolveId: resolveBuiltin, load: loadBuiltin }],
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    comments: false,
    entryFileNames: 'main.cjs',
    // The name follows the content, so the files of two builds lie side by side.
    chunkFileNames: 'chunk-[name]-[hash].cjs',
  });
  await bundle.close();
  const chunks = output.filter((part) => part.type === 'chunk');

  mkdirSync(dist, { recursive: true });
  for (const chunk of chunks) writeFileSync(join(dist, `${chunk.fileName}.new`), ascii(chunk.code));
  // main.cjs last: from then on it finds all that it refers to.
  const names = chunks
    .toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))
    .map((chunk) => chunk.fileName);
  for (const name of names) renameSync(join(dist, `${name}.new`), join(dist, name));
  writeFileSync(join(dist, 'LICENSES.txt'), licences(chunks));
  await warmUp(dist);
  writeFileSync(record, JSON.stringify({ sources, names } satisfies Build));

  const kept = new Set([...names, ...last.names]);
  for (const name of readdirSync(dist)) if (/\.c?js$/.test(name) && !kept.has(name)) rmSync(join(dist, name));
}

/** V8 keeps a source that is plain ASCII in half the memory. */
function ascii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * An `import` of Node's own `http` reads all its exports at once, and one of them loads a whole HTTP client (30 ms, 10 MB);
 * a stand-in reads those that are used.
 */
function resolveBuiltin(
  name: string,
  importer: string | undefined,
  { kind }: { kind: string },
): { id: string; moduleSideEffects: false } | undefined {
  if (kind === 'require-call' && families.test(importer ?? '')) {
    if (secureServers.includes(name)) return { id: nothing, moduleSideEffects: false };
    const plain = name.replace(/^node:/, '');
    if (plain in lighter) return { id: `${lightId}${plain}`, moduleSideEffects: false };
  }
  return kind === 'import-statement' && name.startsWith('node:')
    ? { id: `${standIn}${name}`, moduleSideEffects: false }
    : undefined;
}

function loadBuiltin(id: string): string | undefined {
  if (id === nothing) return 'module.exports = {};';
  if (id.startsWith(lightId)) return lighter[id.slice(lightId.length)];
  if (!id.startsWith(standIn)) return undefined;
  const name = id.slice(standIn.length);
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => key !== 'default');
  const exports = names.map((key) => `export const ${key} = builtin.${key};`);
  return [`const builtin = process.getBuiltinModule('${name}');`, 'export default builtin;', ...exports].join(
    '\n',
  );
}

interface Build {
  readonly sources: string;
  readonly names: readonly string[];
}

function lastBuild(): Build {
  return existsSync(record)
    ? (JSON.parse(readFileSync(record, 'utf8')) as Build)
    : { sources: '', names: [] };
}

/** The licences of the libraries that the chunks carry, which those licences ask to be kept with them. */
function licences(chunks: readonly OutputChunk[]): string {
  const inPackage = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
  const folders = new Set(
    chunks.flatMap((chunk) => chunk.moduleIds.map((id) => inPackage.exec(id)?.[1] ?? '')),
  );
  folders.delete('');
  const texts = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license: string;
    };
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  const files = globSync(['src/**/*', 'bin/*.ts', 'package-lock.json'], {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const file of files) hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}
