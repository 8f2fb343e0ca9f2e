// The program behind `run`, `enter`, `detect` and `plan --check`: the one place where all rooms meet.
// Law: the daemon's end is told by its exit code and by a line on stderr, never by a stack.
import { openSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { createServer } from './api/server.ts';
import type { Paths } from './cli/paths.ts';
import type { Program, RunOptions, Session } from './cli/program.ts';
import { findRelease } from './core/release.ts';
import type { Result } from './core/result.ts';
import { gatherLayers } from './daemon/gather.ts';
import type { Gathered, Project } from './daemon/gather.ts';
import { autostart, reload, takeLayers } from './daemon/reload.ts';
import { securityLine } from './daemon/security.ts';
import { createSupervisor } from './daemon/supervisor.ts';
import { noBoots, watchBoots } from './django/boots.ts';
import { chooseExporter } from './django/exporter.ts';
import { explainExit, isGunicorn } from './django/gunicorn.ts';
import { readCommit, readProjectRelease } from './django/release.ts';
import { createClock } from './host/clock.ts';
import { exitNow } from './host/exit.ts';
import { createFiles } from './host/files.ts';
import { bootId, kernelBoot, kernelId, readIdentity } from './host/identity.ts';
import { leasePlace } from './host/lease-place.ts';
import type { LeasePlace } from './host/lease-place.ts';
import { createLibc } from './host/libc.ts';
import type { Libc } from './host/libc.ts';
import { createLog, gapLine } from './host/log.ts';
import { createMemoryLimit } from './host/memory-limit.ts';
import { createMeter } from './host/meter.ts';
import { createOutput } from './host/output.ts';
import { createPeerUid } from './host/peer.ts';
import { createProber } from './host/prober.ts';
import { createReaper } from './host/reaper.ts';
import { catchSignals } from './host/signals.ts';
import { createSpawner } from './host/spawner.ts';
import { openStateDirectory } from './host/state-directory.ts';
import type { Log } from './ports.ts';

export interface ProgramDeps {
  readonly paths: Paths;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Signals that are caught already; undefined: none are. */
  readonly signals: ReturnType<typeof catchSignals> | undefined;
}

/** What a stop of the daemon's own listeners and outputs may take, ms. */
const closeGrace = 1_000;

export function createProgram({ paths, version, environment, cwd, signals }: ProgramDeps): Program {
  const files = createFiles();
  const shipped = {
    get text() {
      return readFileSync(shippedPath('django.yaml'), 'utf8');
    },
    gunicornConfig: shippedPath('gunicorn.conf.py'),
    exporter: chooseExporter(files, environment, {
      own: [process.execPath, ...process.execArgv, process.argv[1] ?? 'djsup', 'statsd-exporter'],
      mapping: shippedPath('statsd-mapping.yaml'),
    }),
  };

  /** As gathered last. */
  let project: Project | undefined;

  async function gather(
    args: RunOptions['args'],
    layersDirectory: string = paths.layers,
  ): Promise<Result<Gathered, readonly string[]>> {
    // Pebble starts nothing by itself, so neither does who goes by its name.
    const off = environment['DJSUP_INVOKED_AS'] === 'pebble' || environment['DJSUP_DJANGO'] === 'off';
    const projectDirectories = off ? [] : [cwd, '/django/app'];
    const gathered = await gatherLayers({
      files,
      layersDirectory,
      environment,
      projectDirectories,
      shipped,
      args,
    });
    if (gathered.ok) project = gathered.value.project;
    return gathered;
  }

  async function run(options: RunOptions, session?: Session): Promise<number> {
    const listen = signals ?? catchSignals();
    const json = environment['DJSUP_LOG_FORMAT'] === 'json';
    const stderr = createOutput(2, { gap: (lines) => gapLine(paths.flavour, lines, json) });
    const stdout = options.verbose
      ? createOutput(1, { gap: (lines) => gapLine(paths.flavour, lines, false) })
      : undefined;
    const log = createLog({
      name: paths.flavour,
      output: stderr,
      level: levelOf(options, environment),
      json,
    });
    const libc = await createLibc();
    if (!libc.ok) {
      log.write('error', `cannot run daemon: ${libc.failure.message}`);
      await stderr.close(closeGrace);
      return 1;
    }
    const outputs = [stderr, ...(stdout === undefined ? [] : [stdout])];
    const code = await live(
      options,
      session,
      log,
      listen,
      libc.value,
      stdout === undefined ? undefined : (text) => stdout.write(text),
      () => ({ stderr: stderr.dropped(), ...(stdout && { stdout: stdout.dropped() }) }),
    ).catch((error: unknown) => {
      // Without an end of its own it would live on, deaf to every signal.
      log.write('error', `cannot run daemon: this is a bug: ${String(error)}`);
      return 1;
    });
    // An end by _exit(2) would leave the compile cache unwritten; with nothing new in it this writes nothing.
    flushCompileCache();
    return exitNow({ libc: libc.value, outputs, within: closeGrace }, code);
  }

  async function live(
    options: RunOptions,
    session: Session | undefined,
    log: Log,
    listen: ReturnType<typeof catchSignals>,
    libc: Libc,
    copy: ((text: string) => void) | undefined,
    dropped: () => Readonly<Record<string, number>>,
  ): Promise<number> {
    const cannot = (lines: readonly string[]): number => {
      for (const line of lines) log.write('error', line);
      return 1;
    };
    const uid = process.getuid?.() ?? 0;
    log.write(
      'info',
      securityLine(paths.flavour, 'WARN', `sys_startup:${uid}`, 'Starting daemon', new Date()),
    );
    const bug = (error: unknown): void =>
      log.write('error', `bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    // Node would write its warnings in a form of its own, and wait for a reader of stderr that stalls.
    process.removeAllListeners('warning');
    process.on('warning', ({ message }) => log.write('warn', message));
    process.on('uncaughtException', bug);
    process.on('unhandledRejection', bug);

    const isMemoryOnly =
      environment['DJSUP_PERSIST'] === 'never' || environment['PEBBLE_PERSIST'] === 'never';
    const place = openStateDirectory({
      directory: paths.directory,
      variable: paths.flavour.toUpperCase(),
      create: options.createDirs || isUnnamed(paths, environment),
      template: environment['DJSUP_COPY_ONCE'] ?? environment['PEBBLE_COPY_ONCE'],
      memoryOnly: isMemoryOnly,
    });
    if (!place.ok) return cannot([`cannot run daemon: ${place.failure.message}`]);
    if (place.value.note !== undefined) log.write('warn', place.value.note);
    const gathered = await gather(options.args);
    if (!gathered.ok) return cannot(['cannot run daemon: cannot load plan:', ...gathered.failure]);

    const fromTerminal = isatty(0);
    const clock = createClock();
    const adopts = process.pid === 1 || libc.becomeSubreaper();
    if (!adopts) log.write('warn', 'cannot become a subreaper: what services leave behind may outlive them');
    const spawner = createSpawner({
      libc,
      adopts,
      instance: place.value.instance,
      path: environment['PATH'] ?? '',
      guards: fileURLToPath(new URL('../bin', import.meta.url)),
    });
    const reaper = createReaper({
      libc,
      isOwn: (pid) => spawner.isOwn(pid),
      collected: () => spawner.collected(),
    });
    const meter = await createMeter(environment);
    const start = kernelId('uuid');
    let leases: { readonly place: LeasePlace | undefined } | undefined;
    const daemon = createSupervisor({
      clock,
      spawner,
      prober: createProber(),
      files,
      log,
      memoryLimit: createMemoryLimit(),
      vitals: async () => (await import('./host/vitals.ts')).createVitals(),
      meter,
      dropped,
      environment: inherited(environment),
      statePath: place.value.writable && !isMemoryOnly ? paths.stateFile : undefined,
      copy,
      explain: (argv, exit, lines) => (isGunicorn(argv) ? explainExit(exit, lines) : undefined),
      watch(argv) {
        if (!isGunicorn(argv)) return undefined;
        let boots = noBoots;
        return (line, now) => {
          const [next, warning] = watchBoots(boots, line, now);
          boots = next;
          return warning;
        };
      },
      replica: {
        self: readIdentity(environment, place.value.writable ? place.value.instance : undefined),
        about: { version, host: hostname() },
        backing: async (config, signal) =>
          (await import('./host/backing.ts')).openBacking(config, signal, {
            libc,
            spawner,
            environment,
            directory: paths.directory,
          }),
        kernelBoot: kernelBoot(),
        leasePath(group) {
          const { writable, instance } = place.value;
          leases ??= { place: leasePlace(writable ? paths.directory : undefined, instance) };
          return leases.place === undefined ? undefined : `${leases.place.directory}/leader-${group}.json`;
        },
      },
      release() {
        const look = () =>
          project === undefined
            ? { commit: readCommit(files, cwd), files: new Map<string, string>() }
            : readProjectRelease(files, project.root, project.python);
        return findRelease(environment, look, start);
      },
      system: { version, bootId: bootId(), httpAddress: options.http, appId: paths.flavour },
    });
    const problems = takeLayers(daemon, gathered);
    if (problems.length > 0) return cannot(['cannot run daemon: cannot load plan:', ...problems]);

    const network = environment['DJSUP_METRICS'] === 'open' ? 'metrics' : 'open';
    const rules = { ownUid: uid, network } as const;
    const server = createServer({ daemon: daemon.face, log, peerUid: createPeerUid(libc), rules });
    const unix = await server.listenUnix(paths.socket);
    if (!unix.ok && place.value.writable) return cannot([`cannot run daemon: ${unix.failure.message}`]);
    if (!unix.ok)
      log.write(
        'error',
        `${unix.failure.message}; djsup goes on without its local API: set DJSUP_SOCKET to a path on a writable mount`,
      );
    if (place.value.writable && !libc.lock(openSync(paths.directory, 'r'))) {
      await server.close(closeGrace);
      return cannot([
        `cannot run daemon: another one runs in "${paths.directory}"; set ${paths.flavour.toUpperCase()} to a directory of its own`,
      ]);
    }
    if (options.http !== undefined) {
      const http = await server.listenHttp(options.http);
      if (!http.ok) {
        await server.close(closeGrace);
        return cannot([`cannot run daemon: ${http.failure.message}`]);
      }
      log.write('info', `HTTP API server listening on "${http.value}".`);
    }
    log.write('info', 'Started daemon.');
    for (const line of gathered.value.notes) log.write('info', line);
    for (const line of gathered.value.warnings) log.write('warn', line);

    // Whoever has waited for the socket is answered first: to start processes takes a while.
    await setImmediate();
    daemon.resume();
    let hungUp = false;
    listen((signal) => {
      if (signal === 'SIGHUP' && fromTerminal && !isatty(0)) {
        // The terminal has gone that djsup was started from: nobody is there to stop it any more.
        if (!hungUp) daemon.stop(0, 'Exiting on hangup of the terminal.');
        hungUp = true;
        return;
      }
      if (signal === 'SIGHUP') return void gather(options.args).then((found) => reload(daemon, log, found));
      daemon.stop(0, `Exiting on ${signalWords[signal]} signal.`);
    });
    if (!options.hold) autostart(daemon, log);
    if (session !== undefined)
      void session().then((code) =>
        code === 'stay' ? undefined : daemon.stop(code, 'Sub-command has ended.'),
      );
    const code = await daemon.ended;
    leases?.place?.remove();
    await Promise.race([meter?.close(), setTimeout(closeGrace)]);
    await server.close(closeGrace);
    reaper.stop();
    log.write(
      'info',
      securityLine(paths.flavour, 'WARN', `sys_shutdown:${uid}`, 'Shutting down daemon', new Date()),
    );
    log.write('info', `Server exiting! Exit code ${code}.`);
    return code;
  }

  return {
    run,
    async detect(directory) {
      const { inspectProject } = await import('./daemon/inspect.ts');
      return inspectProject(files, environment, shipped, directory);
    },
    async checkPlan(directory) {
      const { checkPlan } = await import('./daemon/inspect.ts');
      // As `run` would, so that a layer over the shipped one can be checked.
      return checkPlan(await gather(new Map(), directory));
    },
  };
}

const signalWords = { SIGTERM: 'terminated', SIGINT: 'interrupt', SIGQUIT: 'quit' } as const;

/** Nobody has said which directory: djsup makes its own, so that `djsup run` needs nothing else. */
function isUnnamed({ flavour }: Paths, environment: ProgramDeps['environment']): boolean {
  return flavour === 'djsup' && !environment['DJSUP'];
}

/** What services inherit: all but what only djsup is meant to see. */
function inherited(environment: ProgramDeps['environment']): Readonly<Record<string, string>> {
  const own = new Set([
    'DJSUP_INVOKED_AS',
    'NOTIFY_SOCKET',
    'WATCHDOG_USEC',
    'NODE_OPTIONS',
    'NODE_COMPILE_CACHE',
  ]);
  const kept = Object.entries(environment).filter(([name, value]) => !own.has(name) && value !== undefined);
  return Object.fromEntries(kept) as Record<string, string>;
}

function levelOf(options: RunOptions, environment: ProgramDeps['environment']): 'debug' | 'info' | 'error' {
  if (environment['DJSUP_DEBUG'] === '1' || environment['PEBBLE_DEBUG'] === '1') return 'debug';
  return options.quiet ? 'error' : 'info';
}

// dist/ and src/ lie beside layers/.
function shippedPath(name: string): string {
  return fileURLToPath(new URL(`../layers/${name}`, import.meta.url));
}
