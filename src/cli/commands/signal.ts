// djsup signal
import { fail, ok } from '../../core/result.ts';
import { defineCommand, word, words } from '../command.ts';

export const command = defineCommand({
  name: 'signal',
  category: 'Services',
  summary: 'Send a signal to running services',
  description:
    'Sends a signal to the main process of each named service. The name is in upper case, with or without SIG: HUP, SIGUSR1.',
  options: [],
  positionals: [word('SIGNAL'), words('service', true)],
  async run(context, { words: [name = '', ...services] }) {
    if (name !== name.toUpperCase()) {
      return fail({ message: 'signal name must be uppercase, for example HUP' });
    }
    const signal = name.startsWith('SIG') ? name : `SIG${name}`;
    const sent = await (await context.client()).signalServices(signal, services);
    return sent.ok ? ok(0) : sent;
  },
});
