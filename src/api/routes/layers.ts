// The layers that the plan is made of.
import { refuse } from '../../core/result.ts';
import * as requests from '../../wire/requests.ts';
import { decode } from '../body.ts';
import { sync, type Route } from '../route.ts';

export const layerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/layers',
    access: 'admin',
    summary: 'The layers in their order and where each came from. Not in Pebble.',
    result: 'layerInfo[]',
    handle: (daemon) => sync(daemon.layers().map(({ order, label, origin }) => ({ order, label, origin }))),
  },
  {
    method: 'POST',
    path: '/v1/layers',
    access: 'admin',
    summary:
      'Adds a layer to the plan, or combines it into the layer of that label. It is not written to disk.',
    body: requests.layersRequest,
    result: 'done',
    handle(daemon, { body, caller }) {
      const decoded = decode(requests.layersRequest, body, 'request body');
      if (!decoded.ok) return decoded;
      const {
        action = '',
        label = '',
        format = '',
        layer = '',
        combine = false,
        inner = false,
      } = decoded.value;
      if (action !== 'add') return refuse('bad-request', `invalid action "${action}"`);
      if (label === '') return refuse('bad-request', 'label must be set');
      if (format !== 'yaml') return refuse('bad-request', `invalid format "${format}"`);
      const added = daemon.addLayer({ label, combine, inner, text: layer }, caller);
      return added.ok ? sync(true) : added;
    },
  },
];
