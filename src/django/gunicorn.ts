// What Gunicorn's exits and log lines mean. Sources: gunicorn/arbiter.py (WORKER_BOOT_ERROR 3, APP_LOAD_ERROR 4) and
// runs of Gunicorn 20 to 27. Law: text from a process is only ever matched and quoted, never trusted.
import type { Exit } from '../ports.ts';

/** Whether a command runs Gunicorn: `gunicorn ...`, `python3 -m gunicorn ...` or `python3 /path/gunicorn ...`. */
export function isGunicorn(argv: readonly string[]): boolean {
  const [program = '', ...rest] = argv;
  if (baseName(program) === 'gunicorn') return true;
  if (!/^python(?:3(?:\.\d+)?)?$/.test(baseName(program))) return false;
  // Python's own options come first; the first word that is none of them is the script.
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (word === '-m') return /^gunicorn(?:\.app\.wsgiapp)?$/.test(rest[index + 1] ?? '');
    if (word.startsWith('-m')) return word === '-mgunicorn';
    if (word === '-X' || word === '-W') index++;
    else if (!word.startsWith('-')) return baseName(word) === 'gunicorn';
  }
  return false;
}

/**
 * Why Gunicorn's master ended, in one sentence, from how it ended and its last lines of output; undefined where there is
 * nothing to add to the bare exit.
 */
export function explainExit(exit: Exit, lastLines: readonly string[]): string | undefined {
  if ('signal' in exit) {
    return exit.signal === 'SIGKILL' && exit.outOfMemory === undefined
      ? 'the Gunicorn master was killed from outside, or by the kernel for want of memory'
      : undefined;
  }
  const cause = errorLine(lastLines);
  const because = cause === undefined ? '' : `: ${cause}`;
  switch (exit.code) {
    case 0:
      return undefined;
    case 1:
      return explainOne(lastLines, because);
    case 2:
      return `Gunicorn does not know an option of its command line, or misses the option's value${because}`;
    case 3:
      return `the application could not be imported${because || '; its output tells more'}`;
    case 4:
      return `the application module has no such attribute, or it cannot be called${because}`;
    case 255:
      return `Gunicorn could not start a worker; its worker_tmp_dir may be missing${because}`;
    default:
      return undefined;
  }
}

function explainOne(lines: readonly string[], because: string): string {
  // What "python -m gunicorn" says; seen before the start only where djsup can look into that Python.
  if (lines.some((line) => line.trim().endsWith(': No module named gunicorn')))
    return 'this Python has no Gunicorn; install it (pip install gunicorn)';
  const used = lines.findLast((line) =>
    /Connection in use|Can't connect to|Address already in use/.test(line),
  );
  if (used !== undefined) {
    const address = /Connection in use: (.+)$|Can't connect to (.+)$/.exec(used);
    const where = address?.[1] ?? address?.[2];
    return `Gunicorn cannot listen${where === undefined ? '' : ` on ${cut(where)}`}: another process uses that address`;
  }
  return `Gunicorn refused its configuration${because}`;
}

/** The last line of the last traceback, or else the last line that names an error, without Gunicorn's prefix. */
function errorLine(lines: readonly string[]): string | undefined {
  const raised = lines.findLast((line) =>
    /^(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|DoesNotExist|ImproperlyConfigured|NotFound|Refused))(?::|$)/.test(
      line,
    ),
  );
  const said =
    raised ??
    lines.findLast(
      (line) =>
        /\berror\b|\bfailed\b|not |invalid|doesn't/i.test(line) &&
        !/Worker failed to boot|App failed to load|exited with code|Shutting down: Master|Reason: /.test(
          line,
        ),
    );
  return said === undefined ? undefined : cut(said.replace(/^\[[^\]]*\] \[\d+\] \[[A-Z]+\] /, ''));
}

function cut(text: string): string {
  const clean = text.trim();
  return clean.length <= 300 ? clean : `${clean.slice(0, 299)}…`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
