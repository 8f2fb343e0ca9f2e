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

const defaultDirectory = '/var/lib/djsup/default';
/** Of a project: used where nothing in the environment says otherwise and a daemon runs there, or could not run elsewhere. */
const localDirectory = '.djsup';

/**
 * @param invokedAs the last part of the name the program was called by
 * @param exists whether a file exists; asked for the socket below `cwd` and for the default directory
 * @param isRoot who is not cannot make the default directory where it is missing
 */
export function resolvePaths(
  environment: Readonly<Record<string, string | undefined>>,
  invokedAs: string,
  cwd: string,
  exists: (path: string) => boolean,
  isRoot: boolean,
): Paths {
  const own = environment['DJSUP'] || undefined;
  const pebbles = environment['PEBBLE'] || undefined;
  const ownSocket = environment['DJSUP_SOCKET'] || undefined;
  const pebblesSocket = environment['PEBBLE_SOCKET'] || undefined;
  const baseUrl = environment['DJSUP_BASEURL'] || environment['PEBBLE_BASEURL'] || undefined;

  const local = `${cwd.replace(/\/$/, '')}/${localDirectory}`;
  const nothingSet = [own, pebbles, ownSocket, pebblesSocket, baseUrl].every((value) => value === undefined);
  const noDefault = invokedAs === 'djsup' && !isRoot && !exists(defaultDirectory);
  if (nothingSet && (noDefault || exists(`${local}/.djsup.socket`)))
    return below(local, 'djsup', undefined, undefined);

  const sameSet = (own === undefined) === (pebbles === undefined);
  const asPebble = sameSet ? invokedAs === 'pebble' : own === undefined;
  return asPebble
    ? below(pebbles ?? '/var/lib/pebble/default', 'pebble', pebblesSocket ?? ownSocket, baseUrl)
    : below(own ?? defaultDirectory, 'djsup', ownSocket ?? pebblesSocket, baseUrl);
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
