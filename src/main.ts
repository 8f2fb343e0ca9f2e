// The entry: a command line in, an exit code out. Everyday commands load nothing of the daemon.
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { runCli } from './cli/main.ts';
import { resolvePaths } from './cli/paths.ts';
import { processSurroundings } from './cli/surroundings.ts';
import { catchSignals } from './host/signals.ts';

// The kernel drops a signal to PID 1 that nobody listens for, so somebody does before all that takes time.
const signals = process.pid === 1 ? catchSignals() : undefined;

// Compiled code that the build has left beside this file.
const compiled = fileURLToPath(new URL('cache', import.meta.url));
if (existsSync(compiled)) enableCompileCache({ directory: compiled, portable: true });

const surroundings = processSurroundings(process.env['DJSUP_INVOKED_AS'] ?? 'djsup');
const { environment, invokedAs, cwd } = surroundings;
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const ended = runCli({
  ...surroundings,
  version,
  async program() {
    const { createProgram } = await import('./program.ts');
    const paths = resolvePaths(
      environment,
      invokedAs,
      cwd,
      (path) => surroundings.exists(path),
      surroundings.isRoot,
    );
    return createProgram({ paths, version, environment, cwd, signals });
  },
  async statsdExporter(flags) {
    const { runExporter } = await import('./exporter/main.ts');
    return runExporter({
      flags,
      version,
      async listenUnixDatagrams(deps) {
        const { listenUnixDatagrams } = await import('./host/unix-datagrams.ts');
        return listenUnixDatagrams(deps);
      },
    });
  },
});
// No await at the top level: the bundle is CommonJS.
void (async () => {
  process.exitCode = await ended;
})();
