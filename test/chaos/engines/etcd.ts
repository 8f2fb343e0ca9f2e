// etcd as an engine of the chaos tests: one member, without accounts.
import { etcdMissing, startEtcd } from '../../support/engines/etcd.ts';
import { stopping } from '../engine.ts';
import type { EngineKind } from '../engine.ts';

export const etcd: EngineKind = {
  missing: etcdMissing,
  async start() {
    const server = await startEtcd();
    return {
      port: server.port,
      layer: ['backend: etcd'],
      environment: (host, port) => ({ ETCD_ENDPOINTS: `http://${host}:${port}` }),
      faults: {
        'restart engine': () => server.restart('SIGKILL'),
        'delete record': () => server.put('djsup/leader/chaos', undefined),
        'stop engine': stopping(() => [server.pid()]),
      },
      stop: () => server.stop(),
    };
  },
};
