// What holds for every endpoint: the order of checks, the envelopes, how bodies and parameters are read.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redirection } from '../../src/api/clean-path.ts';
import type { Route } from '../../src/api/route.ts';
import { sync } from '../../src/api/route.ts';
import { refuse } from '../../src/core/result.ts';
import { harness, messageOf, network, otherUser, type Harness } from './harness.ts';

let api: Harness;
beforeEach(() => {
  api = harness();
});
afterEach(() => api.app.fastify.close());

describe('the order of checks', () => {
  test.each([
    '/',
    '/v1',
    '/v1/nothing',
    '/v1/services/',
    '/v1/changes/',
    '/v1/changes/1/',
    '/v1/changes/a/b/c',
    '/v1/changes/a%2Fb',
    '/V1/services',
  ])('%s is no endpoint', async (url) => {
    const reply = await api.ask('GET', url);
    expect(reply.status).toBe(404);
    expect(reply.text).toBe(
      '{"type":"error","status-code":404,"status":"Not Found","result":{"message":"invalid API endpoint requested"}}',
    );
  });

  test.each(['HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    '%s is no method of a path that exists, even for somebody without access',
    async (method) => {
      for (const url of ['/v1/services', '/v1/changes/1', '/v1/system-info']) {
        expect((await api.ask(method, url, { peer: network })).status).toBe(405);
      }
      expect((await api.ask(method, '/v1/nothing')).status).toBe(404);
    },
  );

  test('a wrong method is named in the message', async () => {
    expect(messageOf(await api.ask('DELETE', '/v1/services'))).toBe('method "DELETE" not allowed');
    expect(messageOf(await api.ask('POST', '/v1/health'))).toBe('method "POST" not allowed');
  });

  test.each([
    ['/v1//services?names=a//b', '/v1/services?names=a//b'],
    ['//example.com/v1', '/example.com/v1'],
    ['/v1//a%0d%0ab%3Fc', '/v1/a%0D%0Ab%3Fc'],
  ])('%s is sent on to %s with an empty body', async (url, location) => {
    const reply = await api.ask('DELETE', url, { peer: network });
    expect(reply.status).toBe(301);
    expect(reply.headers['location']).toBe(location);
    expect(reply.text).toBe('');
  });

  test.each([
    ['/v1/changes/../services?a=..', '/v1/services?a=..'],
    ['/v1/%2e%2e/x', '/x'],
    ['/v1/changes/%2e%2e%2fplan', '/v1/plan'],
    ['/v1/./plan/', '/v1/plan/'],
    ['/..', '/'],
    ['/v1/services?names=a//../b', undefined],
    ['/v1/a..b', undefined],
    ['/v1/%zz//', undefined],
    ['*', undefined],
  ])('%s is to be sent on to %s', (url, location) => {
    expect(redirection(url)).toBe(location);
  });

  test('access is refused before the body is looked at', async () => {
    const reply = await api.ask('POST', '/v1/services', { body: 'no JSON', peer: otherUser });
    expect(reply.status).toBe(401);
    expect(reply.text).toBe(
      '{"type":"error","status-code":401,"status":"Unauthorized","result":{"message":"access denied","kind":"login-required"}}',
    );
  });

  test('a path that cannot be decoded is a bad request', async () => {
    const reply = await api.ask('GET', '/v1/changes/%zz');
    expect(reply.status).toBe(400);
    expect(messageOf(reply)).toMatch(/^cannot read the path/);
  });
});

describe('envelopes', () => {
  test('a sync reply has its keys in order and no charset', async () => {
    const reply = await api.ask('GET', '/v1/system-info');
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.text).toBe(
      '{"type":"sync","status-code":200,"status":"OK","result":{"boot-id":"b","http-address":":4000","version":"v1"}}',
    );
  });

  test('an async reply carries the change and a result of null', async () => {
    const reply = await api.ask('POST', '/v1/services', { body: '{"action":"autostart"}' });
    expect(reply.status).toBe(202);
    expect(reply.text).toBe(
      '{"type":"async","status-code":202,"status":"Accepted","change":"29","result":null}',
    );
  });

  test('bad health is a sync reply with 502', async () => {
    const sick = harness({ health: () => false });
    const reply = await sick.ask('GET', '/v1/health');
    expect(reply.status).toBe(502);
    expect(reply.text).toBe(
      '{"type":"sync","status-code":502,"status":"Bad Gateway","result":{"healthy":false}}',
    );
    await sick.app.fastify.close();
  });

  test('a result of undefined is left out, one of null is there', async () => {
    const row = (path: string, result: unknown): Route => ({
      method: 'GET',
      path,
      access: 'open',
      summary: '',
      result: 'none',
      handle: () => sync(result),
    });
    const extended = harness({}, [row('/v1/absent', undefined), row('/v1/null', null)]);
    expect((await extended.ask('GET', '/v1/absent')).text).not.toContain('result');
    expect((await extended.ask('GET', '/v1/null')).text).toContain('"result":null');
    await extended.app.fastify.close();
  });

  test('characters of HTML and line separators are escaped as Go does', async () => {
    const odd = harness({ planText: () => '<a>&\u2028\u2029é\u0001' });
    expect((await odd.ask('GET', '/v1/plan?format=yaml')).text).toContain(
      '"result":"\\u003ca\\u003e\\u0026\\u2028\\u2029é\\u0001"',
    );
    await odd.app.fastify.close();
  });

  test.each([
    ['bad-request', 400, undefined],
    ['no-default-services', 400, 'no-default-services'],
    ['not-found', 404, undefined],
    ['internal', 500, undefined],
    ['time-out', 504, undefined],
  ] as const)('a failure of kind %s is status %d', async (kind, status, wireKind) => {
    const failing = harness({ actOnServices: () => refuse(kind, 'cannot "x"') });
    const reply = await failing.ask('POST', '/v1/services', { body: '{"action":"replan"}' });
    expect(reply.status).toBe(status);
    expect((JSON.parse(reply.text) as { result: unknown }).result).toEqual({
      message: 'cannot "x"',
      ...(wireKind && { kind: wireKind }),
    });
    await failing.app.fastify.close();
  });

  test('an exception in a handler is answered with 500, logged with its route, and the next request works', async () => {
    const broken = harness({
      planText: () => {
        throw new Error('planted');
      },
      refreshCheck: () => Promise.reject(new TypeError('planted too')),
    });
    const reply = await broken.ask('GET', '/v1/plan?format=yaml');
    expect(reply.status).toBe(500);
    expect(messageOf(reply)).toBe('internal error');
    const second = await broken.ask('POST', '/v1/checks/refresh', { body: '{"name":"c"}' });
    expect(second.status).toBe(500);
    const errors = broken.logged.filter((line) => line.startsWith('error'));
    expect(errors[0]).toMatch(/^error Internal error in GET \/v1\/plan: Error: planted at /);
    expect(errors[1]).toMatch(/^error Internal error in POST \/v1\/checks\/refresh: TypeError: planted too/);
    expect(errors.join('')).not.toContain('\n');
    expect((await broken.ask('GET', '/v1/services')).status).toBe(200);
    await broken.app.fastify.close();
  });
});

describe('request bodies', () => {
  const services = async (body: string, type?: string) =>
    api.ask('POST', '/v1/services', { body, ...(type !== undefined && { type }) });
  const good = { body: '{"action":"start","services":["a"]}' };

  test.each(['application/json', 'text/html', 'nonsense', ';;', 'application/json; charset="x"'])(
    'the content type %s does not matter',
    async (type) => {
      expect((await services(good.body, type)).status).toBe(202);
    },
  );

  test.each([
    ['unknown keys are ignored', '{"zork":{"a":1},"action":"start","services":["a"]}'],
    ['names match in any case', '{"ACTION":"start","Services":["a"]}'],
    ['only the first value counts', '{"action":"start","services":["a"]} trailing } junk'],
    [
      'brackets and quotes in strings do not end the value',
      '{"x":"}\\"]","action":"start","services":["a"]}{',
    ],
    ['space before the value is skipped', ' \r\n\t{"action":"start","services":["a"]}'],
    ['__proto__ is an unknown key', '{"__proto__":{"action":"stop"},"action":"start","services":["a"]}'],
  ])('%s', async (_title, body) => {
    expect((await services(body)).status).toBe(202);
    expect(api.asked).toEqual([['actOnServices', 'start', ['a']]]);
  });

  test.each([
    ['', 'EOF'],
    ['  \n', 'EOF'],
    ['xyz', "invalid character 'x' looking for beginning of value"],
    ['{"action":"sta', 'unexpected EOF'],
    ['[]', 'the body must be a JSON object'],
    ['"start"', 'the body must be a JSON object'],
    ['7', 'the body must be a JSON object'],
    ['{"services":"a"}', '"services" must be a list'],
    ['{"services":["a",3]}', '"services[1]" must be a string'],
    ['{"action":{}}', '"action" must be a string'],
  ])('%j is refused', async (body, tail) => {
    const reply = await services(body);
    expect(reply.status).toBe(400);
    expect(messageOf(reply)).toBe(`cannot decode data from request body: ${tail}`);
    expect(api.asked).toEqual([]);
  });

  test('broken JSON is refused with what is wrong', async () => {
    expect(messageOf(await services('{"action":}'))).toMatch(
      /^cannot decode data from request body: the body is not valid JSON: /,
    );
    expect(messageOf(await services(`{"a":${'['.repeat(2_000_000)}`))).toMatch(/unexpected EOF$/);
  });

  test('null leaves a field, or all of them, unset', async () => {
    for (const body of ['null', '{}', '{"action":null,"services":null}']) {
      expect(messageOf(await services(body))).toBe('must specify services for  action');
    }
  });

  test('layers and signals say it in the other words', async () => {
    for (const url of ['/v1/layers', '/v1/signals']) {
      expect(messageOf(await api.ask('POST', url))).toBe('cannot decode request body: EOF');
    }
    expect(messageOf(await api.ask('POST', '/v1/layers', { body: '{"combine":1}' }))).toBe(
      'cannot decode request body: "combine" must be true or false',
    );
  });

  test('a body of more than 4 MiB is refused, one of nearly 4 MiB is not', async () => {
    const layer = (size: number) =>
      JSON.stringify({ action: 'add', label: 'x', format: 'yaml', layer: 'x'.repeat(size) });
    const refused = await api.ask('POST', '/v1/layers', { body: layer(4 * 1024 * 1024) });
    expect(refused.status).toBe(413);
    expect(messageOf(refused)).toMatch(/^cannot read request body: it is larger than/);
    expect((await api.ask('POST', '/v1/layers', { body: layer(4 * 1024 * 1024 - 200) })).status).toBe(200);
  });
});

describe('parameters', () => {
  test('a list may be repeated and split by commas, spaces and empties go', async () => {
    await api.ask('GET', '/v1/services?names=a,%20b,,&names=c&names=');
    expect(api.asked).toEqual([['services', ['a', 'b', 'c']]]);
  });

  test('of a single parameter the first counts', async () => {
    await api.ask('GET', '/v1/checks?level=alive&level=zip');
    expect(api.asked).toEqual([['checks', 'alive', []]]);
  });
});
