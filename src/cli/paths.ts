// Where djsup's files are, for the daemon and for its clients alike. Pure: the environment and the directory come in.
// Law: $DJSUP and $PEBBLE name the directory; where only one is set it decides the file names too, else the name of invocation does.

export interface Paths {
  readonly flavour: 'djsup' | 'pebble';
  readonly directory: string;
  readonly layers: string;
  readonly socket: string;
  readonly stateFile: string;
  /** Clients talk to this `http://` URL and not to the socket. */
  readonly baseUrl: string | undefined;
}

/** Directory of a clone that `npm start` runs in; used from there when nothing in the environment says otherwise. */
const localDirectory = '.djsup';

/**
 * @param invokedAs the last part of the name the program was called by
 * @param exists whether a file exists; asked for the socket below `cwd` at most
 */
export function resolvePaths(
  environment: Readonly<Record<string, string | undefined>>,
  invokedAs: string,
  cwd: string,
  exists: (path: string) => boolean,
): Paths {
  const own = environment['DJSUP'] || undefined;
  const pebbles = environment['PEBBLE'] || undefined;
  const ownSocket = environment['DJSUP_SOCKET'] || undefined;
  const pebblesSocket = environment['PEBBLE_SOCKET'] || undefined;
  const baseUrl = environment['DJSUP_BASEURL'] || environment['PEBBLE_BASEURL'] || undefined;

  const local = `${cwd.replace(/\/$/, '')}/${localDirectory}`;
  const nothingSet = [own, pebbles, ownSocket, pebblesSocket, baseUrl].every((value) => value === undefined);
  if (nothingSet && exists(`${local}/.djsup.socket`)) return below(local, 'djsup', undefined, undefined);

  const sameSet = (own === undefined) === (pebbles === undefined);
  const asPebble = sameSet ? invokedAs === 'pebble' : own === undefined;
  return asPebble
    ? below(pebbles ?? '/var/lib/pebble/default', 'pebble', pebblesSocket ?? ownSocket, baseUrl)
    : below(own ?? '/var/lib/djsup/default', 'djsup', ownSocket ?? pebblesSocket, baseUrl);
}

function below(
  directory: string,
  flavour: Paths['flavour'],
  socket: string | undefined,
  baseUrl: string | undefined,
): Paths {
  const base = directory.replace(/(?<=.)\/+$/, '');
  return {
    flavour,
    directory: base,
    layers: `${base}/layers`,
    socket: socket ?? `${base}/.${flavour}.socket`,
    stateFile: `${base}/.${flavour}.state`,
    baseUrl,
  };
}
