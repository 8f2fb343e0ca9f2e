// The OpenAPI document and the route table tell the same.
import { expect, test } from 'vitest';
import { openApi } from '../../src/api/openapi.ts';
import { routeTable } from '../../src/api/route-table.ts';
import type { Route } from '../../src/api/route.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Record<string, { schema: { properties: object } }> };
  readonly responses: Record<string, unknown>;
}

const { paths } = openApi() as { paths: Record<string, Record<string, Operation>> };

function differences(routes: readonly Route[]): string[] {
  const rows = routes.map(({ method, path }) => `${method} ${path}`);
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return [...new Set(rows).symmetricDifference(new Set(documented))];
}

test('every row is in the document, and nothing else is', () => {
  expect(differences(routeTable)).toEqual([]);
});

test('a row more or less would be seen', () => {
  expect(differences(routeTable.slice(1))).toEqual(['GET /v1/system-info']);
  const [first] = routeTable;
  expect(differences([...routeTable, { ...first!, path: '/v1/planted' }])).toEqual(['GET /v1/planted']);
});

test.each(routeTable)('$method $path is documented with its parameters, body and reply', (route) => {
  const operation = paths[route.path]?.[route.method.toLowerCase()];
  const inPath = route.path.match(/(?<=\{)\w+/g) ?? [];
  expect(operation?.parameters?.map(({ name }) => name) ?? []).toEqual([
    ...inPath,
    ...Object.keys(route.query ?? {}),
  ]);
  const body = operation?.requestBody?.content['application/json']?.schema.properties;
  expect(body && Object.keys(body)).toEqual(route.body && Object.keys(route.body.shape));
  const good = route.result === 'none' ? [] : [route.result === 'change' ? '202' : '200'];
  expect(Object.keys(operation?.responses ?? {})).toEqual([
    ...good,
    ...(route.path === '/v1/health' ? ['502'] : []),
    'default',
  ]);
});

test('the document is plain data that stays the same', () => {
  expect(JSON.parse(JSON.stringify(openApi()))).toEqual(openApi());
  expect(JSON.stringify(openApi())).not.toContain('$schema');
});
