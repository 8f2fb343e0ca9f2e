// What the daemon tells of itself, as plain data ready for the wire. Times are Dates; api/ writes them as RFC 3339.

export interface ServiceRecord {
  readonly name: string;
  readonly startup: 'enabled' | 'disabled';
  /** `standby`: wanted here, but another replica leads its group, or none does. */
  readonly current: 'active' | 'inactive' | 'backoff' | 'error' | 'standby';
  readonly currentSince?: Date;
  readonly state: string;
  readonly pid?: number;
  readonly restarts: number;
  readonly lastExit?: string;
  readonly reason?: string;
  readonly retryAt?: Date;
}

export interface TaskRecord {
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly status: string;
  readonly log: readonly string[];
  readonly progress: { readonly label: string; readonly done: number; readonly total: number };
  readonly spawnTime: Date;
  readonly readyTime?: Date;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface ChangeRecord {
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly status: string;
  readonly tasks: readonly TaskRecord[];
  readonly ready: boolean;
  readonly err?: string;
  readonly spawnTime: Date;
  readonly readyTime?: Date;
}

export interface CheckRecord {
  readonly name: string;
  readonly level?: 'alive' | 'ready';
  readonly startup: 'enabled' | 'disabled';
  readonly status: 'up' | 'down' | 'inactive';
  readonly successes: number;
  readonly failures: number;
  readonly threshold: number;
  readonly changeId?: string;
  readonly prevChangeId?: string;
  readonly waitingFor?: readonly string[];
}

export interface SystemRecord {
  readonly bootId: string;
  readonly httpAddress?: string;
  readonly version: string;
}

export interface LayerRecord {
  readonly order: number;
  readonly label: string;
  /** A file's path, "built in", "api", or "command line". */
  readonly origin: string;
}

export interface LogRecord {
  readonly time: Date;
  readonly service: string;
  /** Without the newline; at most 4 KiB. */
  readonly message: string;
  /** Djsup's own line about the service, not the service's output. */
  readonly own?: boolean;
}

/** A leader group as this replica sees it. */
export interface LeaderRecord {
  readonly group: string;
  /** opening, blocked, following, acquiring, settling, leading, handing-over, demoting, releasing, paused, or off: no election. */
  readonly state: string;
  /** This replica's name. */
  readonly replica: string;
  /** By what was last seen. */
  readonly leader?: string;
  readonly epoch?: number;
  /** How much longer our own lease stands, ms. */
  readonly validFor?: number;
  /** When state, leader or epoch last changed. */
  readonly since: Date;
  readonly backend: string;
  /** How the backend was chosen. */
  readonly because: string;
  readonly detail: string;
  /** Services of the group that are wanted here. */
  readonly services: readonly string[];
  readonly warnings: readonly string[];
  /** The timings in numbers. */
  readonly timings: readonly string[];
  /** The latest transitions, oldest first. */
  readonly history: readonly { readonly time: Date; readonly text: string }[];
}
