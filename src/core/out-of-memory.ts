// Whether a SIGKILL came from the kernel for want of memory. All that is to be had is a counter of the cgroup, so: a rise of
// it that was seen shortly before explains the SIGKILL of a main process; what it does not explain was some other process. So
// "kill -9" of a main process within seconds of a worker's death for want of memory is taken for that: the kernel names nobody.
// Law: never are more called that than the counter has risen by; it counts each process that was killed.

/** A rise explains exits for this long, ms: a large process takes time to go, some 0.1 s for each gigabyte. */
export const explains = 3_000;

export interface OomState {
  /** The counter, when it was last looked at; undefined: it never was, or there is none. */
  readonly kills: number | undefined;
  /** When the latest rise was seen, monotonic ms. */
  readonly riseAt: number | undefined;
  /** Processes killed whose end nobody has told of yet, and since when that is so, monotonic ms. */
  readonly untold: { readonly many: number; readonly since: number } | undefined;
}

export const unseen: OomState = { kills: undefined, riseAt: undefined, untold: undefined };

/** Takes in the counter as it is now; undefined: it cannot be read. The first look only says where it stands. */
export function look(state: OomState, kills: number | undefined, now: number): OomState {
  if (kills === undefined || kills === state.kills) return state;
  const risen = kills - (state.kills ?? kills);
  // A counter that goes back is another one: djsup was moved to another cgroup.
  if (risen <= 0) return { ...state, kills };
  const { many, since } = state.untold ?? { many: 0, since: now };
  return { kills, riseAt: now, untold: { many: many + risen, since } };
}

/** A main process was killed by a SIGKILL that was not djsup's; look() came first. */
export function explain(state: OomState, now: number): readonly [OomState, outOfMemory: boolean] {
  const { riseAt, untold } = state;
  if (untold === undefined || riseAt === undefined || now - riseAt > explains) return [state, false];
  const left = untold.many === 1 ? undefined : { ...untold, many: untold.many - 1 };
  return [{ ...state, untold: left }, true];
}

/** How many processes were killed that were no main process; 0 while an exit may still explain them. */
export function settle(state: OomState, now: number): readonly [OomState, others: number] {
  const { untold } = state;
  if (untold === undefined || now - untold.since <= explains) return [state, 0];
  return [{ ...state, untold: undefined }, untold.many];
}
