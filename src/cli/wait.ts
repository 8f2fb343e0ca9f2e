// Waiting for a change. Law: the first Ctrl-C asks the daemon to abort the change and goes on waiting, the second gives up.
import { fail, ok } from '../core/result.ts';
import type { Client } from '../wire/client.ts';
import type { Context, Outcome } from './command.ts';

/** Exit code of a command that Ctrl-C has ended (128 + SIGINT). */
const interrupted = 130;

/** Silent and 0 when the change is done; else what the change says went wrong. */
export async function finishChange(context: Context, client: Client, id: string): Promise<Outcome> {
  const giveUp = new AbortController();
  let aborting = false;
  const release = context.onInterrupt(() => {
    if (aborting) giveUp.abort();
    else void abortChange(context, client, id);
    aborting = true;
  });
  try {
    const change = await client.waitChange(id, giveUp.signal);
    if (!change.ok) return change.failure.kind === 'given-up' ? ok(interrupted) : change;
    const { err, status } = change.value;
    if (err !== undefined && err !== '') return fail({ message: err });
    if (status === 'Done') return ok(0);
    return fail({ message: `change finished in status "${status}" with no error message` });
  } finally {
    release();
  }
}

async function abortChange(context: Context, client: Client, id: string): Promise<void> {
  const aborted = await client.abortChange(id);
  if (aborted.ok || aborted.failure.kind === 'given-up') return;
  context.note(aborted.failure.message);
}
