// The engines of the chaos tests, by name.
import type { EngineKind } from './engine.ts';
import { etcd } from './engines/etcd.ts';
import { file } from './engines/file.ts';
import { kubernetes } from './engines/kubernetes.ts';
import { mysql } from './engines/mysql.ts';
import { postgres } from './engines/postgres.ts';
import { redis } from './engines/redis.ts';

export const engines: Readonly<Record<string, EngineKind>> = {
  file,
  redis,
  postgres,
  mysql,
  etcd,
  kubernetes,
};
