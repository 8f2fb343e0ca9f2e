// A command that says who leads: exit code 0 is a promise, for as many seconds as it prints, that nobody else is told so.
// Laws: a promise counts from the start of the command; one that is shorter than the lease is refused; whoever was told
// "no", or nothing, does not lead. The record is kept here alone: what all replicas share is the command.
import { spawn } from 'node:child_process';
import { encodeRecord } from '../../core/leader/record.ts';
import type { LeaderRecord } from '../../core/leader/record.ts';
import type { ExternalLease } from '../../core/leader/settings.ts';
import { millisecond, second } from '../../core/leader/timing.ts';
import type { LeaseStore } from '../../ports.ts';
import { createLeaseStore } from './store.ts';
import type { Refusal, Sample, Swap } from './store.ts';

/** What of the command's output is read, characters. */
const enough = 256;
const incarnation = 'external';
const form = /^\s*(?:(\d+(?:\.\d+)?)s?(?:\s+(\d{1,15}))?)?\s*$/;

interface Answer {
  readonly leads: boolean;
  /** Monotonic ms: how long a yes holds, or when a no is asked about again. */
  readonly until: number;
}

export function openExternal(settings: ExternalLease): LeaseStore {
  const { name, command, period, ttl } = settings;
  const place = `the command "${command[0] ?? ''}"`;
  let answer: Answer | undefined;
  /** Stands for the record: ours, a free one, or somebody else's. */
  let text = '';
  let refusals = 0;

  /** A promise that still covers `need` ms is not asked for again, nor a "no" within the period. */
  async function ask(start: number, need: number, signal: AbortSignal): Promise<Answer> {
    if (answer !== undefined && answer.until >= start + (answer.leads ? need : 0)) return answer;
    // A promise that has run out is no lead any more: others may have led since.
    const wasLeading = answer?.leads === true && answer.until >= start;
    const { code, output } = await run(command, name, signal);
    if (code !== 0) {
      // Another record each time: it never ages, since the command says when it is over.
      refusals += 1;
      text = recordOf(name, 'held', refusals, 0);
      answer = { leads: false, until: start + period };
      return answer;
    }
    const parts = form.exec(output);
    if (parts === null) throw new Unclear();
    const [, seconds, epoch] = parts;
    if (!wasLeading)
      text = recordOf(name, 'released', refusals, epoch === undefined ? Date.now() : Number(epoch) - 1);
    answer = { leads: true, until: start + (seconds === undefined ? ttl : Number(seconds) * 1000) };
    return answer;
  }

  const sample = (): Sample => ({ text, incarnation, counter: 0 });

  async function swap(
    expect: string | undefined,
    next: string,
    record: LeaderRecord,
    signal: AbortSignal,
  ): Promise<Swap> {
    // Nobody is asked for leave to stop.
    if (record.state === 'held') {
      const start = performance.now();
      const lease = record.lease / millisecond;
      const { leads, until } = await ask(start, lease, signal);
      if (leads && until < start + lease) throw new TooShort();
      if (!leads) return { ...sample(), swapped: false };
    }
    const swapped = expect === text;
    if (swapped) text = next;
    return { ...sample(), swapped };
  }

  return createLeaseStore({
    place,
    connect: () =>
      Promise.resolve({
        ok: true,
        value: {
          warnings: [],
          async read(signal) {
            await ask(performance.now(), 0, signal);
            return sample();
          },
          swap,
          close: () => {},
        },
      }),
    refusal: (error) => refusalOf(error, place),
  });
}

/** It printed something that is not understood. */
class Unclear extends Error {}
/** It promised less than the lease. */
class TooShort extends Error {}

function recordOf(group: string, state: LeaderRecord['state'], write: number, epoch: number): string {
  return encodeRecord({
    group,
    holder: 'another replica',
    instance: '',
    boot: 'external',
    term: `external/${write}`,
    write,
    epoch: Math.max(0, epoch),
    lease: second,
    state,
    clean: true,
    successor: undefined,
    incarnation,
    board: {},
    about: {},
  });
}

function run(
  [program = '', ...words]: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      env: { ...process.env, DJSUP_LEADER_NAME: name },
    });
    let output = '';
    const kill = (): void => {
      // Its whole group: a shell's child must not go on asking.
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    };
    signal.addEventListener('abort', kill, { once: true });
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      if (output.length < enough) output += part;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', kill);
      resolve({ code, output: output.slice(0, enough) });
    });
  });
}

function refusalOf(error: unknown, place: string): Refusal | undefined {
  const refuse = (reason: string): Refusal => ({
    error: 'unsafe',
    message: `cannot elect a leader with ${place}: ${reason}`,
  });
  if (error instanceof TooShort)
    return refuse(
      'it promises less time than a lease lasts; let it print more seconds, or set a shorter lease-duration',
    );
  if (error instanceof Unclear)
    return refuse('it must print a number of seconds, and an epoch after it if there is one, or nothing');
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return refuse('it does not exist');
  if (code === 'EACCES')
    return { error: 'permission', message: `cannot run ${place}: it may not be executed` };
  return undefined;
}
