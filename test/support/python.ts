// The Python with Django, Gunicorn and gevent that tests of the real thing use.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Path of its python3: DJSUP_TEST_PYTHON, or the environment that `npm test` makes. Throws where there is neither. */
export function pythonForTests(): string {
  const python = process.env['DJSUP_TEST_PYTHON'] ?? join(import.meta.dirname, '../../.venv/bin/python3');
  if (existsSync(python)) return python;
  throw new Error(
    `cannot find "${python}": run "npm run setup", or set DJSUP_TEST_PYTHON to a Python with Django`,
  );
}
