// Whether djsup migrates the database, and by which command. Law: only where the environment names a database that replicas
// can agree in, so that nothing is migrated that djsup was not pointed at, and never twice at a time.
import { join } from 'node:path';
import type { Files } from '../ports.ts';
import type { ProjectFacts } from './project.ts';

export interface Migrations {
  readonly command: readonly string[];
  /** Services that start once it is done. */
  readonly before: readonly string[];
}

/** The name of its task in the shipped layer. */
export const migrateTask = 'migrate';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `services`: names of all services that the user's layers have. The note says why there is no such task where one might
 * expect it.
 */
export function chooseMigrations(
  files: Pick<Files, 'exists'>,
  environment: Environment,
  facts: Pick<ProjectFacts, 'appDir' | 'python' | 'managePy'>,
  services: readonly string[],
): { readonly migrations: Migrations | undefined; readonly note: string | undefined } {
  const none = (note: string | undefined) => ({ migrations: undefined, note });
  const database = databaseVariable(environment);
  if (database === undefined) return none(undefined);
  if (environment['SKIP_MIGRATIONS']) return none('SKIP_MIGRATIONS is set: nothing is migrated');
  if (environment['JUJU_CONTAINER_NAME'])
    return none('JUJU_CONTAINER_NAME is set: the charm sees to migrations');
  const command = commandIn(files, facts);
  if (command === undefined) return none(`nothing is migrated: there is no manage.py in "${facts.appDir}"`);
  const others = services.filter((name) => /-(?:worker|scheduler)$/i.test(name));
  const note = `migrated by "${command.join(' ')}", once for each release (${database} is set)`;
  return { migrations: { command, before: ['django', ...others] }, note };
}

/** As paas-charm looks for it, later ones winning there: manage.py, migrate.py, migrate.sh, migrate. */
function commandIn(
  files: Pick<Files, 'exists'>,
  { appDir, python, managePy }: Pick<ProjectFacts, 'appDir' | 'python' | 'managePy'>,
): readonly string[] | undefined {
  if (managePy !== undefined) return [python, managePy, 'migrate', '--noinput'];
  const commands: readonly (readonly [name: string, ...words: string[]])[] = [
    ['migrate.py', python],
    ['migrate.sh', 'bash', '-eo', 'pipefail'],
    ['migrate'],
  ];
  const found = commands.find(([name]) => files.exists(join(appDir, name)));
  if (found === undefined) return undefined;
  const [name, ...words] = found;
  return [...words, join(appDir, name)];
}

function databaseVariable(environment: Environment): string | undefined {
  const named = ['POSTGRESQL_DB_CONNECT_STRING', 'MYSQL_DB_CONNECT_STRING'].find((name) => environment[name]);
  if (named !== undefined) return named;
  const isShared = /^(?:postgres(?:ql)?|pgsql|postgis|mysql2?|mysqlgis|mariadb):/i;
  return isShared.test(environment['DATABASE_URL'] ?? '') ? 'DATABASE_URL' : undefined;
}
