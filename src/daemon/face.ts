// The daemon as api/ sees it: one method a request. Everything returns data or a Failure; nothing throws.
import type { Result } from '../core/result.ts';
import type { Level } from '../core/config.ts';
import type { Family } from '../core/metric.ts';
import type { Notice, NoticeFilter } from '../core/notice.ts';
import type { Caller } from './caller.ts';
import type { LeaderRequest } from './leader-requests.ts';

// The records are shaped like the wire's (wire/replies.ts) so that api/ passes them through; daemon may not import wire.
import type {
  ChangeRecord,
  CheckRecord,
  LayerRecord,
  LeaderRecord,
  LogRecord,
  ServiceRecord,
  SystemRecord,
} from './records.ts';

export type ServiceAction = 'start' | 'stop' | 'restart' | 'autostart' | 'replan';

export interface Daemon {
  systemInfo(): SystemRecord;

  /** `level` ready considers ready and alive checks, alive only alive ones, undefined all; unknown names are ignored. */
  health(level: Level | undefined, names: readonly string[]): boolean;

  services(names: readonly string[]): readonly ServiceRecord[];
  /** Asks for a change and returns its id at once. */
  actOnServices(action: ServiceAction, names: readonly string[]): Result<string>;
  /** All errors in one message, joined by "; "; kind internal, as Pebble answers. */
  signalServices(signal: string, names: readonly string[]): Result<void>;

  /** Unordered in Pebble; here by id. `ready`: only finished ones, `in-progress`: only unfinished ones. */
  changes(select: 'all' | 'in-progress' | 'ready', service: string | undefined): readonly ChangeRecord[];
  change(id: string): Result<ChangeRecord>;
  /** Resolves when the change is ready, or with kind time-out after `timeout` ms (undefined: never). Aborting `signal` gives up waiting. */
  waitChange(id: string, timeout: number | undefined, signal: AbortSignal): Promise<Result<ChangeRecord>>;
  abortChange(id: string): Result<ChangeRecord>;

  /** The matching ones; where there are none, the first that comes within `timeout` ms (0: at once), else none. */
  notices(filter: NoticeFilter, timeout: number, signal: AbortSignal): Promise<readonly Notice[]>;
  /** `userId`: who asks; undefined: somebody who may see all. */
  notice(id: string, userId: number | undefined): Result<Notice>;
  /** Records a custom notice and returns its id. */
  addNotice(notice: {
    readonly userId: number;
    readonly key: string;
    readonly data: Readonly<Record<string, string>>;
    /** ms */
    readonly repeatAfter: number;
  }): Result<string>;

  checks(level: Level | undefined, names: readonly string[]): readonly CheckRecord[];
  /** Names of the checks that changed, sorted. */
  startChecks(names: readonly string[]): Result<readonly string[]>;
  stopChecks(names: readonly string[], caller: Caller): Result<readonly string[]>;
  refreshCheck(name: string): Promise<Result<{ readonly info: CheckRecord; readonly error?: string }>>;

  /** Leader groups that have services in the plan, by name; empty: all. */
  leaders(groups: readonly string[]): readonly LeaderRecord[];
  /** Asks for a change and returns its id at once; no groups: all that there are. */
  actOnLeaders(request: LeaderRequest, groups: readonly string[]): Result<string>;

  /** The combined plan as YAML. */
  planText(): string;
  layers(): readonly LayerRecord[];
  addLayer(
    layer: {
      readonly label: string;
      readonly combine: boolean;
      readonly inner: boolean;
      readonly text: string;
    },
    caller: Caller,
  ): Result<void>;

  /** All metrics of djsup and its services, as they are now, one family after the other. */
  metrics(): Promise<Iterable<Family>>;
  /** A request was answered, for the metrics; `route` is its pattern, never a path that a client chose. */
  requested(route: string, method: string, status: number, seconds: number): void;

  /**
   * The last `count` lines (-1: all) of the services (empty: all) by time, then, with `follow`, new ones as they come,
   * those of services started later included, until the signal aborts. A reader that is too slow gets a line that says how much it missed.
   */
  logs(
    services: readonly string[],
    count: number,
    follow: boolean,
    signal: AbortSignal,
  ): AsyncIterable<readonly LogRecord[]>;
}
