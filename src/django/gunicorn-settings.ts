// What a user has already decided about Gunicorn: GUNICORN_CMD_ARGS, PORT, WEB_CONCURRENCY and a configuration file.
// The order is Gunicorn's own, GUNICORN_CMD_ARGS before the file. PORT changes the port of an address that is open to
// all interfaces; one that names an interface, a unix socket or a descriptor stays. layers/gunicorn.conf.py does the same.
import { join, resolve } from 'node:path';
import { splitWords } from '../core/words.ts';
import type { Files } from '../ports.ts';
import { optionValues } from './option.ts';
import { readSetting } from './python-source.ts';
import { workerClassOf } from './worker-class.ts';

/** One thing that was found out, and where. */
export interface Evidence {
  readonly fact: string;
  readonly value: string;
  readonly source: string;
}

export interface GunicornSettings {
  /** The user's own configuration file, or `python:module`; undefined: none. */
  readonly config: string | undefined;
  /** Where Gunicorn will listen; undefined where that cannot be told without running the configuration file. */
  readonly bind: readonly string[] | undefined;
  /** `host:port` at which a check reaches a worker; undefined: there is none. */
  readonly probe: string | undefined;
  /** The class that the user has set; undefined: not set. */
  readonly workerClass: string | undefined;
  /** Seconds. */
  readonly gracefulTimeout: number;
}

export interface GunicornFindings {
  readonly settings: GunicornSettings;
  readonly evidence: readonly Evidence[];
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
}

/** Gunicorn's default, seconds. */
const gracefulTimeout = 30;
const defaultBind = '0.0.0.0:8000';
/** Workers that call `worker.wsgi`, where layers/gunicorn.conf.py answers the probe. */
const probedWorkers =
  /^(?:sync|gthread|gevent|gevent_pywsgi|gevent_wsgi|eventlet)$|^gunicorn\.workers\.(?:sync|gthread|ggevent)\./;
/** Fixed places that images use (docker-django-bootstrap's both, a rock's), then Gunicorn's own. */
const configPlaces = ['/etc/gunicorn/config.py', '/gunicorn_conf.py', '/django/gunicorn.conf.py'];

export function readGunicornSettings(
  files: Files,
  environment: Readonly<Record<string, string | undefined>>,
  appDir: string,
): GunicornFindings {
  const evidence: Evidence[] = [];
  const warnings: string[] = [];
  const problems: string[] = [];

  const split = splitWords(environment['GUNICORN_CMD_ARGS'] ?? '');
  if (!split.ok) problems.push(`cannot read GUNICORN_CMD_ARGS: ${split.failure}`);
  const words = split.ok ? split.value.map((word) => word.text) : [];

  const config = findConfig();
  const text = config === undefined ? undefined : files.read(config);
  const source = text?.ok ? text.value : undefined;
  if (config !== undefined) evidence.push({ fact: 'gunicorn configuration', value: config, source: 'file' });

  const bind = findBind();
  const workerClass = findWorkerClass();
  const settings = { config, bind, workerClass, gracefulTimeout: findGracefulTimeout(), probe: findProbe() };
  const concurrency = environment['WEB_CONCURRENCY'];
  if (concurrency !== undefined && !/^\s*\+?\d+\s*$/.test(concurrency)) {
    problems.push(
      `cannot start WEB_CONCURRENCY="${concurrency}" workers; set it to a number of 1 or more, or unset it`,
    );
  }
  if (concurrency === '0') {
    warnings.push(
      'WEB_CONCURRENCY=0 starts Gunicorn without any worker: requests would hang; unset it or set it to 1 or more',
    );
  }
  return { settings, evidence, warnings, problems };

  function findConfig(): string | undefined {
    const given = optionValues(words, '-c', '--config').at(-1);
    if (given?.startsWith('python:')) return given;
    if (given) return resolve(appDir, given.replace(/^file:/, ''));
    const present = [...configPlaces, join(appDir, 'gunicorn.conf.py')].filter((path) => files.exists(path));
    for (const other of present.slice(1))
      warnings.push(`"${other}" is not used, since "${present[0]}" is there`);
    return present[0];
  }

  /** A setting of the configuration file; one that cannot be read from its text is `unknown`. */
  function setting(name: string): ReturnType<typeof readSetting> {
    if (config === undefined) return { kind: 'absent' };
    return source === undefined ? { kind: 'unknown', line: 1 } : readSetting(source, name);
  }

  function findBind(): readonly string[] | undefined {
    const given = optionValues(words, '-b', '--bind');
    if (given.length > 0) return told(given, 'GUNICORN_CMD_ARGS');
    const own = setting('bind');
    if (own.kind === 'unknown') {
      warnings.push(
        `${config}:${own.line}: where Gunicorn will listen cannot be read from the text; there are no checks of "django" unless a layer adds some`,
      );
      return undefined;
    }
    const addresses =
      own.kind === 'literal' ? own.values.flatMap((value) => value.split(',')) : [defaultBind];
    const from = own.kind === 'literal' ? `${config}:${own.line}` : 'default';
    const port = environment['PORT'];
    const host =
      addresses.length === 1 ? /^(0\.0\.0\.0|\[::\]|):\d+$/.exec(addresses[0] ?? '')?.[1] : undefined;
    if (!port) return told(addresses, from);
    if (host === undefined) {
      warnings.push(`PORT=${port} is not used, since ${from} says where to listen: ${addresses.join(', ')}`);
      return told(addresses, from);
    }
    if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
      problems.push(`cannot listen on PORT="${port}"; set it to a number from 1 to 65535, or unset it`);
      return undefined;
    }
    return told([`${host}:${port}`], 'PORT');
  }

  function told(addresses: readonly string[], from: string): readonly string[] {
    evidence.push({ fact: 'address', value: addresses.join(', '), source: from });
    return addresses;
  }

  function findWorkerClass(): string | undefined {
    const given = workerClassOf(words);
    const own = setting('worker_class');
    if (given === undefined && own.kind === 'unknown') {
      warnings.push(
        `${config}:${own.line}: the worker class cannot be read from the text; "-k" of the command decides`,
      );
    }
    const value = given ?? (own.kind === 'literal' ? own.values[0] : undefined);
    const from =
      given === undefined && own.kind === 'literal' ? `${config}:${own.line}` : 'GUNICORN_CMD_ARGS';
    if (value !== undefined) evidence.push({ fact: 'worker class', value, source: from });
    return value;
  }

  function findGracefulTimeout(): number {
    const given = optionValues(words, '--graceful-timeout', '--graceful-timeout').at(-1);
    const own = setting('graceful_timeout');
    const seconds = Number(given ?? (own.kind === 'literal' ? own.values[0] : gracefulTimeout));
    return Number.isInteger(seconds) && seconds > 0 ? seconds : gracefulTimeout;
  }

  function findProbe(): string | undefined {
    if (bind === undefined) return undefined;
    const address = bind.map(probeAddress).find((found) => found !== undefined);
    const encrypted =
      optionValues(words, '--certfile', '--certfile').length > 0 || setting('certfile').kind !== 'absent';
    const reason =
      address === undefined
        ? `Gunicorn listens on ${bind.join(', ')} alone`
        : encrypted
          ? 'Gunicorn is set to speak TLS itself'
          : workerClass !== undefined && !probedWorkers.test(workerClass)
            ? `workers of class "${workerClass}" do not answer djsup's probe`
            : undefined;
    if (reason === undefined) return address;
    warnings.push(`${reason}: there are no checks of "django" unless a layer adds some`);
    return undefined;
  }
}

/** The address to connect to for one that is listened on; undefined for unix sockets and descriptors. */
function probeAddress(bind: string): string | undefined {
  const match = /^(?:tcp:\/\/)?(\[[0-9a-f:.]*\]|[^:/[\]]*)(?::(\d+))?$/i.exec(bind.trim());
  if (match === null) return undefined;
  const [, host = '', port = '8000'] = match;
  const reachable = host === '' || host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
  return `${reachable}:${port}`;
}
