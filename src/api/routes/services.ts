// Services: how they stand, and asking for changes of them.
import { ok, refuse } from '../../core/result.ts';
import type { ServiceAction } from '../../daemon/face.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { serviceInfo } from '../infos.ts';
import { sync, type Route } from '../route.ts';

/** Each action, and whether it wants names or will have none. */
const actions: Readonly<Record<ServiceAction, 'names' | 'no names'>> = {
  start: 'names',
  stop: 'names',
  restart: 'names',
  autostart: 'no names',
  replan: 'no names',
};

function isAction(text: string): text is ServiceAction {
  return Object.hasOwn(actions, text);
}

export const serviceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/services',
    access: 'read',
    summary: 'How the services stand, by name.',
    query: { names: 'only these services; unknown names are ignored' },
    result: 'serviceInfo[]',
    handle: (daemon, { query }) => sync(daemon.services(query.list('names')).map(serviceInfo)),
  },
  {
    method: 'POST',
    path: '/v1/services',
    access: 'admin',
    summary: 'Asks for a change of services: start, stop, restart, autostart or replan.',
    body: requests.servicesRequest,
    result: 'change',
    handle(daemon, { body }) {
      const decoded = decode(requests.servicesRequest, body, 'data from request body');
      if (!decoded.ok) return decoded;
      const action = decoded.value.action ?? '';
      const services = decoded.value.services ?? [];
      const nameless = isAction(action) && actions[action] === 'no names';
      if (nameless && services.length > 0) return refuse('bad-request', `${action} accepts no service names`);
      if (!nameless && services.length === 0) {
        return refuse('bad-request', `must specify services for ${action} action`);
      }
      if (!isAction(action)) return refuse('bad-request', `invalid action "${action}"`);
      const change = daemon.actOnServices(action, services);
      return change.ok ? ok({ kind: 'async', change: change.value }) : change;
    },
  },
  {
    method: 'GET',
    path: '/v1/services/{name}',
    access: 'read',
    summary: 'Not implemented; GET /v1/services?names=... tells of one service.',
    result: 'none',
    handle: () => refuse('bad-request', 'not implemented'),
  },
  {
    method: 'POST',
    path: '/v1/services/{name}',
    access: 'admin',
    summary: 'Not implemented; POST /v1/services acts on one service.',
    result: 'none',
    handle: () => refuse('bad-request', 'not implemented'),
  },
];
