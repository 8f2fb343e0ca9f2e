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
import { rolldown, type OutputChunk } from 'rolldown';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const record = join(dist, '.build.json');
/** What Fastify loads only for schemas of its own and for `inject`; djsup asks for neither outside its tests. */
const unused = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];
/** Marks the stand-ins of Node's own modules. */
const standIn = 'builtin:';
const sources = digestOfSources();
const last = lastBuild();
if (last.sources !== sources) await build();

async function build(): Promise<void> {
  const bundle = await rolldown({
    input: join(root, 'src/main.ts'),
    platform: 'node',
    // koffi finds its prebuilt library beside itself; unix-dgram is an optional part of hot-shots that is not used.
    external: ['koffi', 'unix-dgram', ...unused],
    treeshake: { propertyReadSideEffects: false },
    plugins: [{ name: 'builtins', resolveId: resolveBuiltin, load: loadBuiltin }],
  });
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: 'main.js',
    // The name follows the content, so the files of two builds lie side by side.
    chunkFileNames: 'chunk-[name]-[hash].js',
  });
  await bundle.close();
  const chunks = output.filter((part) => part.type === 'chunk');

  mkdirSync(dist, { recursive: true });
  for (const chunk of chunks) writeFileSync(join(dist, `${chunk.fileName}.new`), chunk.code);
  // main.js last: from then on it finds all that it refers to.
  const names = chunks
    .toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))
    .map((chunk) => chunk.fileName);
  for (const name of names) renameSync(join(dist, `${name}.new`), join(dist, name));
  writeFileSync(join(dist, 'LICENSES.txt'), licences(chunks));
  writeFileSync(record, JSON.stringify({ sources, names } satisfies Build));

  const kept = new Set([...names, ...last.names]);
  for (const name of readdirSync(dist)) if (name.endsWith('.js') && !kept.has(name)) rmSync(join(dist, name));
}

/**
 * An `import` of Node's own `http` reads all its exports at once, and one of them loads a whole HTTP client (30 ms, 10 MB);
 * a stand-in reads those that are used.
 */
function resolveBuiltin(
  name: string,
  _importer: string | undefined,
  { kind }: { kind: string },
): { id: string; moduleSideEffects: false } | undefined {
  return kind === 'import-statement' && name.startsWith('node:')
    ? { id: `${standIn}${name}`, moduleSideEffects: false }
    : undefined;
}

function loadBuiltin(id: string): string | undefined {
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
  const files = globSync(['src/**/*', 'bin/build.ts', 'package-lock.json'], {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const file of files) hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}
