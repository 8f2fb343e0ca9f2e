// What the daemon is.
import { systemInfo } from '../infos.ts';
import { sync, type Route } from '../route.ts';

export const systemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/system-info',
    access: 'open',
    summary: 'The version of the daemon, its boot id and its addresses.',
    result: 'systemInfo',
    quiet: true,
    handle: (daemon) => sync(systemInfo(daemon.systemInfo())),
  },
];
