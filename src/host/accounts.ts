// Users and groups, read from /etc/passwd and /etc/group themselves: an image need not have NSS, nor an entry for its uid.
// Law: a name and an id that are both given must agree; a group alone is refused.
import { readFileSync } from 'node:fs';
import type { Account } from '../core/config.ts';
import type { Result } from '../core/result.ts';

/** Whom to become. `home` and `user` are undefined where /etc/passwd does not know the uid. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly home: string | undefined;
  readonly user: string | undefined;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
}

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

const systemFiles: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group' };

/**
 * The ids behind an account; undefined when none is configured. The failure is one sentence. Format: passwd(5), group(5).
 * A user alone brings its primary group; a user-id that no file knows needs a group-id with it.
 */
export function resolveAccount(
  account: Account,
  files: AccountFiles = systemFiles,
): Result<Credentials | undefined, string> {
  const { user, userId, group, groupId } = account;
  if (user === undefined && userId === undefined) {
    if (group === undefined && groupId === undefined) return { ok: true, value: undefined };
    return refuse('must specify user, not just group');
  }

  const users = readUsers(files.passwd);
  const known = users.find((entry) => (user === undefined ? entry.uid === userId : entry.name === user));
  if (user !== undefined && known === undefined) return refuse(`user: unknown user ${user}`);
  if (known !== undefined && userId !== undefined && known.uid !== userId) {
    return refuse(`user "${user}" UID (${known.uid}) does not match user-id (${userId})`);
  }
  const uid = known?.uid ?? userId;

  let gid = groupId ?? known?.gid;
  if (group !== undefined) {
    const named = readGroups(files.group).find((entry) => entry.name === group);
    if (named === undefined) return refuse(`group: unknown group ${group}`);
    if (groupId !== undefined && named.gid !== groupId) {
      return refuse(`group "${group}" GID (${named.gid}) does not match group-id (${groupId})`);
    }
    gid = named.gid;
  }
  if (uid === undefined || gid === undefined) {
    return refuse(`user: unknown userid ${userId}; give a group-id with it, or add it to ${files.passwd}`);
  }
  return { ok: true, value: { uid, gid, home: known?.home, user: known?.name } };
}

function refuse(reason: string): Result<never, string> {
  return { ok: false, failure: `cannot start: ${reason}` };
}

function readUsers(path: string): User[] {
  return readFields(path).flatMap(([name, , uid, gid, , home = '']) => {
    const ids = [parseId(uid), parseId(gid)] as const;
    return name === undefined || ids[0] === undefined || ids[1] === undefined
      ? []
      : [{ name, uid: ids[0], gid: ids[1], home }];
  });
}

function readGroups(path: string): Group[] {
  return readFields(path).flatMap(([name, , id]) => {
    const gid = parseId(id);
    return name === undefined || gid === undefined ? [] : [{ name, gid }];
  });
}

function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Lines split at the colons; none when there is no such file, as in a bare image. */
function readFields(path: string): string[][] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
