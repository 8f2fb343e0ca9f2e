// The route table behind Fastify, for any number of listeners.
// Law: a request is checked in this order: path, method, access, and only then is its body read and its handler called.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Daemon } from '../daemon/face.ts';
import type { Log } from '../ports.ts';
import { mayUse, type AccessRules, type Peer } from './access.ts';
import { decodedPath, redirection } from './clean-path.ts';
import { asyncEnvelope, errorEnvelope, failureEnvelope, syncEnvelope, type Envelope } from './envelope.ts';
import { readQuery } from './query.ts';
import { requestLine } from './request-log.ts';
import type { Answer, Route } from './route.ts';
import { stream } from './stream.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The row of the route table; undefined where no route was found. */
    readonly row?: Route;
  }
}

/** Bytes of a request body; a layer is the largest thing that is sent. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** A client that takes nothing of its reply for this long, ms, is cut off. Streams of logs may wait: a person may be reading. */
const STALLED = 30_000;

export interface AppDeps {
  readonly daemon: Daemon;
  readonly log: Log;
  readonly rules: AccessRules;
  readonly routes: readonly Route[];
  readonly peerOf: (socket: Socket) => Peer;
}

export interface App {
  readonly fastify: FastifyInstance;
  /** Ends streams and waits, and lets each connection go after its next reply. */
  drain(): void;
}

type WithParams = { Params: Record<string, string> };

/** Ready for `inject` at once; for real requests after `fastify.ready()`. */
export function createApp(deps: AppDeps): App {
  const { daemon, log, rules, routes, peerOf } = deps;
  const running = new Set<AbortController>();
  let draining = false;

  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1024 * 1024 },
    // Shapes are checked in the handlers; without these two Fastify would load a compiler of schemas.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (_error, _request, reply) => {
      send(reply, errorEnvelope(400, 'cannot read the path of the request: it is not a valid URL path'));
    },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', (request, reply, done) => {
    const { url = '/', method = 'GET' } = request.raw;
    whenDone(routeOf(request), peerOf(request.raw.socket), { url, method }, reply.raw);
    const location = redirection(url);
    if (location !== undefined) {
      reply.code(301).header('location', location).send();
      return;
    }
    const refusal = refusalOf(request, method, url);
    if (refusal !== undefined) {
      send(reply, refusal);
      return;
    }
    // No handler looks at it, and Fastify would refuse one that it cannot parse.
    delete request.raw.headers['content-type'];
    done();
  });

  const patterns = routes.map(({ path }) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`));

  function refusalOf(request: FastifyRequest, method: string, url: string): Envelope | undefined {
    // Fastify would take an empty segment, or one with an encoded slash, for a parameter.
    const path = decodedPath(url) ?? url;
    if (!patterns.some((pattern) => pattern.test(path))) {
      return failureEnvelope({ kind: 'not-found', message: 'invalid API endpoint requested' });
    }
    const route = routeOf(request);
    if (route === undefined) {
      return failureEnvelope({ kind: 'method-not-allowed', message: `method "${method}" not allowed` });
    }
    if (mayUse(route.access, peerOf(request.raw.socket), rules)) return undefined;
    return failureEnvelope({ kind: 'login-required', message: 'access denied' });
  }

  for (const route of routes) {
    app.route<WithParams>({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      config: { row: route },
      handler: (request, reply) => answer(route, request, reply),
    });
  }

  async function answer(
    route: Route,
    request: FastifyRequest<WithParams>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const controller = new AbortController();
    running.add(controller);
    reply.raw.once('close', () => {
      running.delete(controller);
      controller.abort();
    });
    if (draining) controller.abort();
    const peer = peerOf(request.raw.socket);
    const given: Answer = await route.handle(daemon, {
      params: request.params,
      query: readQuery(request.raw.url ?? ''),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      caller: { uid: peer.transport === 'unix' ? peer.uid : undefined },
      isAdmin: mayUse('admin', peer, rules),
      signal: controller.signal,
    });
    if (!given.ok) return send(reply, failureEnvelope(given.failure));
    const made = given.value;
    if (made.kind === 'sync') return send(reply, syncEnvelope(made.result, made.status));
    if (made.kind === 'async') return send(reply, asyncEnvelope(made.change));
    if (made.kind === 'text') return send(reply, { status: 200, text: made.text }, made.type);
    reply.hijack();
    await stream(reply.raw, made.lines, made.endless, controller.signal).catch((error: unknown) => {
      logBug(request, error);
      reply.raw.destroy();
    });
    return reply;
  }

  function send(reply: FastifyReply, { status, text }: Envelope, type = 'application/json'): FastifyReply {
    if (draining) reply.header('connection', 'close');
    reply.raw.setTimeout(STALLED, () => reply.raw.destroy());
    // As bytes, since Fastify would add a charset for a string, and clients compare the content type exactly.
    return reply.code(status).header('content-type', type).send(Buffer.from(text));
  }

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 413) {
      return send(
        reply,
        errorEnvelope(413, `cannot read request body: it is larger than ${BODY_LIMIT} bytes`),
      );
    }
    if (status >= 400 && status < 500) {
      return send(reply, errorEnvelope(status, `cannot read request: ${error.message}`));
    }
    logBug(request, error);
    return send(reply, failureEnvelope({ kind: 'internal', message: 'internal error' }));
  });

  function logBug(request: FastifyRequest, error: unknown): void {
    const { method, path } = routeOf(request) ?? { method: request.method, path: 'unknown route' };
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const place = trace.split('\n', 3).map((line) => line.trim());
    log.write('error', `Internal error in ${method} ${path}: ${place.join(' ')}`);
  }

  /** Logs the request and counts it. How long somebody follows a log says nothing of the API. */
  function whenDone(
    route: Route | undefined,
    peer: Peer,
    request: { url: string; method: string },
    response: ServerResponse,
  ): void {
    const start = process.hrtime.bigint();
    response.once('close', () => {
      const duration = Number(process.hrtime.bigint() - start) / 1e6;
      const status = response.statusCode;
      if (!route?.quiet) log.write('info', requestLine(peer, request, duration, status));
      if (route?.result === 'lines') return;
      daemon.requested(route?.path ?? 'unknown', route?.method ?? 'unknown', status, duration / 1000);
    });
  }

  return {
    fastify: app,
    drain() {
      draining = true;
      for (const controller of running) controller.abort();
    },
  };
}

function noCompiler(): never {
  throw new Error('no route may have a Fastify schema');
}

function routeOf(request: FastifyRequest): Route | undefined {
  return request.routeOptions.config.row;
}
