// What the command line needs of the rest of the program; main.ts provides it, so that everyday commands load nothing of it.

export interface RunOptions {
  readonly createDirs: boolean;
  readonly hold: boolean;
  /** `:4000`, `192.0.2.0:4000`, `[2001:db8::1]:4000`; undefined: no TCP listener. */
  readonly http: string | undefined;
  /** Copies the services' output to stdout. */
  readonly verbose: boolean;
  /** Words of each `--args SERVICE WORD... ;`, in order. */
  readonly args: ReadonlyMap<string, readonly string[]>;
  /** Nothing but errors on stderr (`enter` with a sub-command that is not about the daemon). */
  readonly quiet: boolean;
}

/** What `enter` does once the daemon answers: returns an exit code to stop with, or `stay` to leave it running. */
export type Session = () => Promise<number | 'stay'>;

export interface Program {
  /** Runs the daemon until it is told to stop; resolves with its exit code. */
  run(options: RunOptions, session?: Session): Promise<number>;
  /** The facts of a Django project for people and for programs; not `ok`: there is none that can run. */
  detect(directory: string): Promise<{ readonly ok: boolean; readonly text: string; readonly data: unknown }>;
  /** Combines a layers directory with no daemon running: the plan's YAML, or all errors as `file:line:column: message` lines. */
  checkPlan(directory: string): Promise<{
    readonly ok: boolean;
    readonly output: string;
    readonly warnings: readonly string[];
  }>;
}

/** What was typed after `statsd-exporter`: names without dashes; a switch that was given is true. */
export type ExporterFlags = Readonly<Record<string, string | true>>;
