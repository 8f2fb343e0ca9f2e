// What is known of a plain project, for tests that fill the shipped layer.
import type { ProjectFacts } from '../../src/django/project.ts';

export const facts: ProjectFacts = {
  root: '/django/app',
  appDir: '/django/app',
  name: 'mysite',
  wsgi: 'mysite.wsgi:application',
  managePy: undefined,
  workerClass: 'gevent',
  python: '/usr/bin/python3',
  gunicorn: {
    config: undefined,
    bind: ['0.0.0.0:8000'],
    probe: '127.0.0.1:8000',
    workerClass: undefined,
    gracefulTimeout: 30,
  },
  requirementFiles: [],
  evidence: [],
  warnings: [],
};
