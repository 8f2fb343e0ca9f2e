// Redis as an engine of the chaos tests. Replicas are a user of their own, whose rights can be taken away.
import { execFileSync } from 'node:child_process';
import { findProgram } from '../../support/engines/install.ts';
import { redisMissing, startRedis } from '../../support/engines/redis.ts';
import type { Redis } from '../../support/engines/redis.ts';
import { at, lasting, stopping } from '../engine.ts';
import type { EngineKind } from '../engine.ts';

export const redis: EngineKind = {
  missing: redisMissing,
  async start() {
    const words = [
      '--appendfsync always --protected-mode no',
      // On the command line, so that a restart knows them too.
      '--user app on >pass-word ~* &* +@all',
      ...(hasDebugSwitch() ? ['--enable-debug-command local'] : []),
    ];
    const server = await startRedis(words.flatMap((line) => line.split(' ')));
    return {
      port: server.port,
      layer: ['backend: redis'],
      environment: (host, port) => ({ REDIS_DB_CONNECT_STRING: at(server.dsn('app', port), host, port) }),
      faults: {
        'restart engine': () => server.restart('SIGKILL'),
        'delete record': () => tell(server, 'FLUSHALL'),
        'stop engine': stopping(() => [server.pid()]),
        'debug sleep': ({ span }) => tell(server, 'DEBUG', 'SLEEP', String(span / 1000)),
        async 'terminate sessions'() {
          for (const type of ['normal', 'pubsub']) await tell(server, 'CLIENT', 'KILL', 'TYPE', type);
        },
        'revoke rights': lasting(
          () => tell(server, 'ACL', 'SETUSER', 'app', '-@write'),
          () => tell(server, 'ACL', 'SETUSER', 'app', '+@all'),
        ),
      },
      stop: () => server.stop(),
    };
  },
};

async function tell(server: Redis, ...words: readonly string[]): Promise<void> {
  await server.command(...words);
}

/** From 7.0 on DEBUG has to be allowed; before, it always is, and the setting is not known. */
function hasDebugSwitch(): boolean {
  const text = execFileSync(findProgram('redis-server') ?? 'redis-server', ['--version'], {
    encoding: 'utf8',
  });
  return Number(/v=(?<major>\d+)/.exec(text)?.groups?.['major']) >= 7;
}
