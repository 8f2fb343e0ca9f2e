// One endpoint as data: a row of the route table. The server, the request log and the OpenAPI document all read the row,
// so adding an endpoint is adding a row.
import type * as z from 'zod/mini';
import { ok, type Result } from '../core/result.ts';
import type { Caller } from '../daemon/caller.ts';
import type { Daemon } from '../daemon/face.ts';
import type { Access } from './access.ts';
import type { Query } from './query.ts';
import type { ReplyShape } from '../wire/replies.ts';

interface ApiRequest {
  /** The `{name}` parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Empty for GET. */
  readonly body: Buffer;
  readonly caller: Caller;
  /** Whether the caller may do everything. */
  readonly isAdmin: boolean;
  /** Aborts when the client has gone and when the server closes. */
  readonly signal: AbortSignal;
}

type Reply =
  | { readonly kind: 'sync'; readonly result: unknown; readonly status: number }
  | { readonly kind: 'async'; readonly change: string }
  /** As it is, without an envelope. */
  | { readonly kind: 'text'; readonly type: string; readonly text: string }
  /** Chunks of ndjson; `endless`: until the client goes. */
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<string>; readonly endless: boolean };

export type Answer = Result<Reply>;

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly access: Access;
  /** One sentence for the OpenAPI document. */
  readonly summary: string;
  /** Parameters behind the `?`, with what they mean. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.ZodMiniObject;
  /**
   * The shape of a sync reply's result, by its name in wire/replies.ts, so that it is loaded only to be described; `change`
   * for an async reply, `lines` for a stream of log entries, `text` for plain text, `none`: always refused.
   */
  readonly result: ReplyShape | `${ReplyShape}[]` | 'change' | 'lines' | 'text' | 'none';
  /** Left out of the request log, because clients ask it all the time. */
  readonly quiet?: true;
  handle(daemon: Daemon, request: ApiRequest): Answer | Promise<Answer>;
}

export function sync(result: unknown, status = 200): Answer {
  return ok({ kind: 'sync', result, status });
}
