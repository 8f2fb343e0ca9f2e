// What the daemon tells of itself, as plain data ready for the wire. Times are Dates; api/ writes them as RFC 3339.

export interface ServiceRecord {
  readonly name: string;
  readonly startup: 'enabled' | 'disabled';
  readonly current: 'active' | 'inactive' | 'backoff' | 'error';
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
}
