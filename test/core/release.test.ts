// Which release this is.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digest } from '../../src/core/digest.ts';
import { findRelease } from '../../src/core/release.ts';
import type { ProjectRelease } from '../../src/core/release.ts';
import { isReleaseId } from '../../src/core/release-board.ts';

const nothing: ProjectRelease = { commit: undefined, files: new Map() };
const commit = '0123456789abcdef0123456789abcdef01234567';
const files = new Map([['/shop/migrations/0001_initial.py', 'operations = []']]);

function idOf(environment: Readonly<Record<string, string>>, project = nothing, boot = 'boot'): string {
  return findRelease(environment, () => project, boot).id;
}

describe('the release', () => {
  test.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['is what was given', { DJSUP_RELEASE: '2026.11.3', GIT_SHA: commit }, '2026.11.3', 'DJSUP_RELEASE'],
    ['is the image', { IMAGE_DIGEST: `sha256:${'ab'.repeat(32)}` }, 'abababababab', 'IMAGE_DIGEST'],
    [
      'is the image of a name',
      { IMAGE_DIGEST: `r.io/a@sha256:${'AB'.repeat(32)}` },
      'abababababab',
      'IMAGE_DIGEST',
    ],
    ['is the commit that was built', { RENDER_GIT_COMMIT: commit }, '0123456789ab', 'RENDER_GIT_COMMIT'],
    ['is a revision', { K_REVISION: 'shop-00042-xyz' }, 'shop-00042-xyz', 'K_REVISION'],
    ['is a tag that names a version', { IMAGE_TAG: 'v1.2.3' }, 'v1.2.3', 'IMAGE_TAG'],
  ])('%s', (_what, environment, id, because) => {
    expect(findRelease(environment, () => nothing, 'boot')).toEqual({ id, because });
  });

  test.each(['latest', 'main', 'production', 'unknown', ''])(
    'is not the tag "%s", which stays while what it means changes',
    (tag) => {
      expect(idOf({ IMAGE_TAG: tag }, { commit, files })).toMatch(/^0123456789ab-[\da-f]{8}$/);
    },
  );

  test('of a work tree changes with the commit, and with what is not committed', () => {
    const ids = [
      idOf({}, { commit, files }),
      idOf({}, { commit: commit.replace('0', 'f'), files }),
      idOf({}, { commit, files: new Map([...files, ['/shop/migrations/0002_more.py', '']]) }),
      idOf({}, { commit, files: new Map([['/shop/migrations/0001_initial.py', 'operations = [1]']]) }),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test('of migration files does not depend on their order', () => {
    const more = new Map([...files, ['/a/migrations/0001_initial.py', '1']]);
    const turned = new Map([...more].toReversed());
    expect(idOf({}, { ...nothing, files: more })).toBe(idOf({}, { ...nothing, files: turned }));
    expect(idOf({}, { ...nothing, files: more })).not.toBe(idOf({}, { ...nothing, files }));
  });

  test('that nothing tells of is one of its own at each start', () => {
    expect(idOf({}, nothing, 'one')).not.toBe(idOf({}, nothing, 'two'));
  });

  test('has an id that fits an entry, whatever it is called, and different ones where names differ', () => {
    const name = fc.string({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(name, name, (one, two) => {
        const [a, b] = [idOf({ DJSUP_RELEASE: one }), idOf({ DJSUP_RELEASE: two })];
        expect(isReleaseId(a)).toBe(true);
        expect(a === b).toBe(one === two);
      }),
    );
    const long = `${'myapp-production-'.repeat(3)}41`;
    expect(idOf({ DJSUP_RELEASE: long })).not.toBe(idOf({ DJSUP_RELEASE: long.replace('41', '42') }));
  });
});

test('digests of a hundred thousand texts that differ little all differ', () => {
  const digests = new Set(Array.from({ length: 100_000 }, (_, number) => digest(`0001_initial ${number}`)));
  expect(digests.size).toBe(100_000);
  expect(digest('')).toMatch(/^[\da-f]{16}$/);
});
