// Runs a command line in this process, with its output collected, against a socket and a program of the test's choice.
import { Writable } from 'node:stream';
import { runCli, type CliOptions } from '../../src/cli/main.ts';
import type { Program, RunOptions, Session } from '../../src/cli/program.ts';
import { startFakeServer, type Answerer, type FakeServer } from '../wire/fake-server.ts';

// Texts below are exact, so the zone is fixed.
process.env['TZ'] = 'UTC';

const now = new Date('2026-11-20T23:00:00Z');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A writable that keeps what it is given. */
function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

export async function djsup(argv: readonly string[], options: Partial<CliOptions> = {}): Promise<Ended> {
  const out = collector();
  const err = collector();
  const code = await runCli({
    argv,
    invokedAs: 'djsup',
    version: '1.2.3',
    environment: { DJSUP: '/nowhere' },
    cwd: '/',
    isRoot: true,
    stdout: out.stream,
    stderr: err.stream,
    stderrColumns: undefined,
    now: () => now,
    exists: () => false,
    onInterrupt: () => () => undefined,
    program: () => Promise.reject(new Error('the program was loaded')),
    statsdExporter: () => Promise.reject(new Error('the exporter was started')),
    ...options,
  });
  return { code, stdout: out.text(), stderr: err.text() };
}

/** Runs a command line against canned answers. */
export async function djsupAgainst(
  routes: Readonly<Record<string, Answerer>>,
  argv: readonly string[],
  options: Partial<CliOptions> = {},
): Promise<Ended & Pick<FakeServer, 'asked'>> {
  await using server = await startFakeServer(routes);
  const environment = { DJSUP_SOCKET: server.socketPath };
  return { ...(await djsup(argv, { environment, ...options })), asked: server.asked };
}

export interface FakeProgram {
  readonly runs: RunOptions[];
  /** What the session came to, one for each run that had one. */
  readonly sessions: (number | 'stay')[];
  readonly program: () => Promise<Program>;
}

/** A program that runs the session at once, and ends with its code, or with 0 where it is to stay. */
export function fakeProgram(parts: Partial<Program> = {}): FakeProgram {
  const runs: RunOptions[] = [];
  const sessions: (number | 'stay')[] = [];
  const program: Program = {
    async run(options: RunOptions, session?: Session) {
      runs.push(options);
      const end = session === undefined ? 0 : await session();
      if (session !== undefined) sessions.push(end);
      return end === 'stay' ? 0 : end;
    },
    detect: () => Promise.reject(new Error('detect was called')),
    checkPlan: () => Promise.reject(new Error('checkPlan was called')),
    ...parts,
  };
  return { runs, sessions, program: () => Promise.resolve(program) };
}
