// Signals to services.
import * as z from 'zod/mini';
import { refuse } from '../../core/result.ts';
import * as shapes from '../../wire/shapes.ts';
import { decode } from '../body.ts';
import { sync, type Route } from '../route.ts';

export const signalRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/signals',
    access: 'admin',
    summary: "Sends a signal, such as SIGHUP, to services' main processes.",
    body: shapes.signalsRequest,
    result: z.literal(true),
    handle(daemon, { body }) {
      const decoded = decode(shapes.signalsRequest, body, 'request body');
      if (!decoded.ok) return decoded;
      const { signal = '', services } = decoded.value;
      if (!services?.length) return refuse('bad-request', 'must specify one or more services');
      const sent = daemon.signalServices(signal, services);
      return sent.ok ? sync(true) : sent;
    },
  },
];
