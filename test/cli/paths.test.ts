import { describe, expect, test } from 'vitest';
import { resolvePaths } from '../../src/cli/paths.ts';

const none = () => false;

describe('paths', () => {
  test('are all below the directory', () => {
    expect(resolvePaths({ DJSUP: '/d/' }, 'djsup', '/', none, true)).toEqual({
      flavour: 'djsup',
      directory: '/d',
      layers: '/d/layers',
      socket: '/d/.djsup.socket',
      stateFile: '/d/.djsup.state',
      baseUrl: undefined,
    });
  });

  test.each([
    ['nothing', {}, 'djsup', 'djsup', '/var/lib/djsup/default/.djsup.socket'],
    ['nothing, as pebble', {}, 'pebble', 'pebble', '/var/lib/pebble/default/.pebble.socket'],
    ['an empty DJSUP', { DJSUP: '' }, 'djsup', 'djsup', '/var/lib/djsup/default/.djsup.socket'],
    ['DJSUP', { DJSUP: '/d' }, 'djsup', 'djsup', '/d/.djsup.socket'],
    ['only PEBBLE', { PEBBLE: '/p' }, 'djsup', 'pebble', '/p/.pebble.socket'],
    ['only DJSUP, as pebble', { DJSUP: '/d' }, 'pebble', 'djsup', '/d/.djsup.socket'],
    ['both', { DJSUP: '/d', PEBBLE: '/p' }, 'djsup', 'djsup', '/d/.djsup.socket'],
    ['both, as pebble', { DJSUP: '/d', PEBBLE: '/p' }, 'pebble', 'pebble', '/p/.pebble.socket'],
    ['DJSUP_SOCKET', { DJSUP: '/d', DJSUP_SOCKET: '/s' }, 'djsup', 'djsup', '/s'],
    ['PEBBLE_SOCKET', { PEBBLE: '/p', PEBBLE_SOCKET: '/s' }, 'djsup', 'pebble', '/s'],
    ['only PEBBLE_SOCKET', { PEBBLE_SOCKET: '/s' }, 'djsup', 'djsup', '/s'],
    ['both sockets', { DJSUP_SOCKET: '/a', PEBBLE_SOCKET: '/b' }, 'djsup', 'djsup', '/a'],
    ['both sockets, as pebble', { DJSUP_SOCKET: '/a', PEBBLE_SOCKET: '/b' }, 'pebble', 'pebble', '/b'],
  ])('with %s set', (_, environment, invokedAs, flavour, socket) => {
    expect(resolvePaths(environment, invokedAs, '/', none, true)).toMatchObject({ flavour, socket });
  });

  test('are those of a running clone in its own directory, unless the environment says otherwise', () => {
    const running = (path: string) => path === '/clone/.djsup/.djsup.socket';
    const socketIn = (environment: Record<string, string>, cwd: string) =>
      resolvePaths(environment, 'djsup', cwd, running, true).socket;
    expect(socketIn({}, '/clone')).toBe('/clone/.djsup/.djsup.socket');
    expect(socketIn({}, '/elsewhere')).toBe('/var/lib/djsup/default/.djsup.socket');
    expect(socketIn({ DJSUP: '/d' }, '/clone')).toBe('/d/.djsup.socket');
    expect(socketIn({ PEBBLE: '/p' }, '/clone')).toBe('/p/.pebble.socket');
    expect(socketIn({ DJSUP_SOCKET: '/s' }, '/clone')).toBe('/s');
  });

  test('are in the directory of the project for who can neither find nor make the default one', () => {
    const inProject = (isRoot: boolean, exists: (path: string) => boolean) =>
      resolvePaths({}, 'djsup', '/project', exists, isRoot).directory;
    expect(inProject(false, none)).toBe('/project/.djsup');
    expect(inProject(false, (path) => path === '/var/lib/djsup/default')).toBe('/var/lib/djsup/default');
    expect(inProject(true, none)).toBe('/var/lib/djsup/default');
    expect(resolvePaths({}, 'pebble', '/project', none, false).directory).toBe('/var/lib/pebble/default');
  });

  test('take a base URL of either name', () => {
    expect(resolvePaths({ PEBBLE_BASEURL: 'http://h' }, 'djsup', '/', none, true).baseUrl).toBe('http://h');
    expect(
      resolvePaths({ DJSUP_BASEURL: 'http://a', PEBBLE_BASEURL: 'http://b' }, 'djsup', '/', none, true)
        .baseUrl,
    ).toBe('http://a');
  });
});
