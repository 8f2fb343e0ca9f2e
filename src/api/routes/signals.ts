// Signals to services.
import { refuse } from '../../core/result.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { sync, type Route } from '../route.ts';

export const signalRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/signals',
    access: 'admin',
    summary: "Sends a signal, such as SIGHUP, to services' main processes.",
    body: requests.signalsRequest,
    result: 'done',
    handle(daemon, { body }) {
      const decoded = decode(requests.signalsRequest, body, 'request body');
      if (!decoded.ok) return decoded;
      const { signal = '', services } = decoded.value;
      if (!services?.length) return refuse('bad-request', 'must specify one or more services');
      const sent = daemon.signalServices(signal, services);
      return sent.ok ? sync(true) : sent;
    },
  },
];
