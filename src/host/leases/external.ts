// A command that says who leads: exit code 0 is a promise, for as many seconds as it prints, that nobody else is told so.
// Laws: a promise counts from the start of the command; one that is shorter than the lease is refused; whoever was told
// "no", or nothing, does not lead. The record is kept here alone: what all replicas share is the command.
import { encodeRecord } from '../../core/leader/record.ts';
import type { LeaderRecord } from '../../core/leader/record.ts';
import type { ExternalLease } from '../../core/leader/settings.ts';
import { millisecond, second } from '../../core/leader/timing.ts';
import type { LeaseStore } from '../../ports.ts';
import type { HostSpawner } from '../spawner.ts';
import { createLeaseStore } from './store.ts';
import type { Refusal, Sample, Swap } from './store.ts';

const incarnation = 'external';
const form = /^\s*(?:(\d+(?:\.\d+)?)s?(?:\s+(\d{1,15}))?)?\s*$/;

interface Answer {
  readonly leads: boolean;
  /** Monotonic ms: how long a yes holds, or when a no is asked about again. */
  readonly until: number;
}

export interface ExternalDeps {
  readonly spawner: Pick<HostSpawner, 'ask'>;
  /** The command's, to which DJSUP_LEADER_NAME is added. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function openExternal(settings: ExternalLease, deps: ExternalDeps): LeaseStore {
  const { name, command, period, ttl } = settings;
  const place = `the command "${command[0] ?? ''}"`;
  let answer: Answer | undefined;
  /** Stands for the record: ours, a free one, or somebody else's. */
  let text = '';
  let refusals = 0;
  const given = Object.entries(deps.environment).filter(
    (one): one is [string, string] => one[1] !== undefined,
  );
  const environment = { ...Object.fromEntries(given), DJSUP_LEADER_NAME: name };

  /** A promise that still covers `need` ms is not asked for again, nor a "no" within the period. */
  async function ask(start: number, need: number, signal: AbortSignal): Promise<Answer> {
    if (answer !== undefined && answer.until >= start + (answer.leads ? need : 0)) return answer;
    // A promise that has run out is no lead any more: others may have led since.
    const wasLeading = answer?.leads === true && answer.until >= start;
    const asked = await deps.spawner.ask({ argv: command, environment }, signal);
    signal.throwIfAborted();
    if (!asked.ok) throw new NotStarted(asked.failure);
    const { code, output } = asked.value;
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

/** It could not be started. */
class NotStarted extends Error {}
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
  if (error instanceof NotStarted) return refuse(error.message.replace('cannot start: ', ''));
  return undefined;
}
