// The OpenAPI document, made from the route table and the shapes that the server itself uses.
import * as z from 'zod/mini';
import { replies } from '../wire/replies.ts';
import type { ReplyShape } from '../wire/replies.ts';
import type { Route } from './route.ts';
import { routeTable } from './route-table.ts';

type Json = Readonly<Record<string, unknown>>;

const errorResult = z.object({ message: z.string(), kind: z.optional(z.string()) });

const needs: Readonly<Record<Route['access'], string>> = {
  open: 'Anybody may ask, over TCP too.',
  metrics:
    'Any local user may ask, over the unix socket; anybody over TCP too where DJSUP_METRICS is "open".',
  read: 'Any local user may ask, over the unix socket.',
  admin: "Root and the daemon's own user may ask, over the unix socket.",
};

/** OpenAPI 3.1, keys in the order of the route table. */
export function openApi(): object {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routeTable) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'djsup',
      version: '1',
      description:
        "The API of djsup's daemon, on its unix socket and, for open endpoints, on the address of --http.",
    },
    paths,
    components: {
      responses: {
        Error: jsonResponse('The request was refused, or failed.', envelope('error', schema(errorResult))),
      },
    },
  };
}

function operation(route: Route): Json {
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
      return { name, in: 'path', required: true, schema: { type: 'string' } };
    }),
    ...Object.entries(route.query ?? {}).map(([name, description]) => {
      return { name, in: 'query', description, schema: { type: 'string' } };
    }),
  ];
  return {
    summary: route.summary,
    description: needs[route.access],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, content: json(schema(route.body)) } }),
    responses: { ...success(route), default: { $ref: '#/components/responses/Error' } },
  };
}

function success({ path, result }: Route): Json {
  if (result === 'none') return {};
  if (result === 'change') {
    const accepted = envelope('async', { type: 'null' }, { change: { type: 'string' } });
    return { 202: jsonResponse('A change was made.', accepted) };
  }
  if (result === 'lines') {
    return {
      200: {
        description: 'One entry a line.',
        content: { 'application/x-ndjson': { schema: schema(replies.logEntry) } },
      },
    };
  }
  if (result === 'text') {
    return { 200: { description: 'Done.', content: { 'text/plain': { schema: { type: 'string' } } } } };
  }
  const shape = schema(shapeOf(result));
  const good = { 200: jsonResponse('Done.', envelope('sync', shape)) };
  if (path !== '/v1/health') return good;
  return { ...good, 502: jsonResponse('A check is down.', envelope('sync', shape)) };
}

function shapeOf(name: ReplyShape | `${ReplyShape}[]`): z.ZodMiniType {
  return isList(name) ? z.array(replies[name.slice(0, -2) as ReplyShape]) : replies[name];
}

function isList(name: string): name is `${ReplyShape}[]` {
  return name.endsWith('[]');
}

function envelope(type: 'sync' | 'async' | 'error', result: Json, more: Json = {}): Json {
  return {
    type: 'object',
    properties: {
      type: { const: type },
      'status-code': { type: 'integer' },
      status: { type: 'string' },
      ...more,
      result,
    },
    required: ['type', 'status-code', 'status', ...Object.keys(more), 'result'],
  };
}

function jsonResponse(description: string, content: Json): Json {
  return { description, content: json(content) };
}

function json(content: Json): Json {
  return { 'application/json': { schema: content } };
}

/** As input, so that keys which a later version adds are no error. */
function schema(shape: z.ZodMiniType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(shape, { io: 'input' });
  return rest;
}
