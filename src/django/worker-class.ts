// Gunicorn's worker class among a command's words, and the refusal of one that cannot start.
import { ok, refuse } from '../core/result.ts';
import type { Result } from '../core/result.ts';
import { isGunicorn } from './gunicorn.ts';
import { optionValues } from './option.ts';

/** The class that `-k X`, `-kX`, `--worker-class X` or `--worker-class=X` names (the last one counts); '' where X is missing. */
export function workerClassOf(argv: readonly string[]): string | undefined {
  return optionValues(argv, '-k', '--worker-class').at(-1);
}

const ownClasses = [
  'sync',
  'gthread',
  'gevent',
  'gevent_pywsgi',
  'gevent_wsgi',
  'eventlet',
  'tornado',
  'asgi',
];

/**
 * Refuses a Gunicorn command whose worker class is missing, does not exist, or needs gevent where that is known not to be installed.
 * `installed` may answer undefined for "cannot be known", which passes: Gunicorn then says so itself.
 */
export function refuseWorker(
  argv: readonly string[],
  installed: (name: string) => boolean | undefined,
): Result<void> {
  if (!isGunicorn(argv)) return ok(undefined);
  const worker = workerClassOf(argv);
  if (worker === '') {
    return refuse('bad-request', 'cannot start Gunicorn: "-k" has no worker class; name one, such as "sync"');
  }
  // A word alone is one of Gunicorn's own names; a class elsewhere is named with its module (gunicorn.util.load_class).
  if (worker !== undefined && /^\w+$/.test(worker) && !ownClasses.includes(worker)) {
    return refuse(
      'bad-request',
      `cannot start Gunicorn with worker class "${worker}": there is no such class; use one of ${ownClasses.join(', ')}, or name a class with its module`,
    );
  }
  if (
    worker !== undefined &&
    /^gevent(?:_pywsgi|_wsgi)?$|\bggevent\./.test(worker) &&
    installed('gevent') === false
  ) {
    return refuse(
      'bad-request',
      `cannot start Gunicorn with worker class "${worker}": gevent is not installed for "${argv[0] ?? ''}"; install it (pip install gevent), or use "--args django sync"`,
    );
  }
  return ok(undefined);
}
