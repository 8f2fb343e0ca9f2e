// Which release a replica runs, by what it was told or can see. Laws: the same in all replicas of a release; where it is not
// certain whether two releases differ, they do: a task that is done once too often does less harm than one not done.
import { digest } from './digest.ts';
import { isReleaseId } from './release-board.ts';

export interface Release {
  readonly id: string;
  /** How it was found, for people. */
  readonly because: string;
}

/** What the project's directory tells. */
export interface ProjectRelease {
  /** Of the work tree that the project's directory is; undefined: it is none. */
  readonly commit: string | undefined;
  /** Files that say what has to be migrated, by path, with what is in them. Empty: there are none. */
  readonly files: ReadonlyMap<string, string>;
}

/** Variables in which platforms and images name what was built or deployed, in the order in which they are looked at. */
export const releaseVariables = [
  'IMAGE_DIGEST',
  'GIT_COMMIT',
  'GIT_SHA',
  'GIT_REV',
  'COMMIT_SHA',
  'SOURCE_COMMIT',
  'HEROKU_SLUG_COMMIT',
  'RENDER_GIT_COMMIT',
  'RAILWAY_GIT_COMMIT_SHA',
  'FLY_IMAGE_REF',
  'K_REVISION',
  'CONTAINER_APP_REVISION',
  'SENTRY_RELEASE',
  'IMAGE_TAG',
] as const;

/** `boot`: of this start of djsup, which is a release of its own where nothing else tells of one. */
export function findRelease(
  environment: Readonly<Record<string, string | undefined>>,
  project: () => ProjectRelease,
  boot: string,
): Release {
  const given = environment['DJSUP_RELEASE'];
  if (given !== undefined && given !== '') return { id: idOf(given), because: 'DJSUP_RELEASE' };
  for (const variable of releaseVariables) {
    const value = environment[variable];
    if (value !== undefined && tellsApart(variable, value)) return { id: idOf(value), because: variable };
  }
  const { commit, files } = project();
  const parts = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const seen = digest(JSON.stringify(parts));
  // Not the commit alone: there may be migrations that are not committed yet.
  if (commit !== undefined)
    return {
      id: `${commit.slice(0, 12)}-${seen.slice(0, 8)}`,
      because: 'the commit and the migration files',
    };
  if (parts.length > 0) return { id: seen, because: 'a digest of the migration files' };
  return {
    id: `start-${digest(boot)}`,
    because: 'nothing tells the release, so each start is one of its own',
  };
}

/** Words of a name that stays while what it stands for changes. */
const moving =
  /(?:^|[^a-z])(?:latest|main|master|head|trunk|develop|dev|staging|stage|production|prod|stable|nightly|edge|unknown)(?:[^a-z]|$)/i;

/** Of variables for commits only a commit, of the others what has a digit and no word such as "latest" or "main". */
function tellsApart(variable: string, value: string): boolean {
  if (/COMMIT|GIT_SHA|GIT_REV/.test(variable)) return /^[\da-f]{7,64}$/i.test(value);
  return /\d/.test(value) && !moving.test(value);
}

/** As it is where it fits; of digests and commits the beginning, as Docker and Git show them; else a digest of it. */
function idOf(name: string): string {
  const hexadecimal = /^(?:\S*sha256:)?([\da-f]{40}|[\da-f]{64})$/i.exec(name)?.[1];
  if (hexadecimal !== undefined) return hexadecimal.slice(0, 12).toLowerCase();
  return isReleaseId(name) ? name : `~${digest(name)}`;
}
