// All generated pages of docs/reference by file name. test/docs.test.ts holds what is on disk against this.
import { openApi } from '../src/api/openapi.ts';
import { cliReference } from '../src/cli/reference.ts';
import { layerJsonSchema } from '../src/core/layer-schema.ts';
import type { FailureKind } from '../src/core/result.ts';
import { failureTable } from '../src/wire/failure.ts';
import { layerPage } from './layer-page.ts';
import { metricsPage } from './metrics-page.ts';
import { stateCharts } from './state-charts.ts';

export async function references(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['cli.md', await cliReference()],
    ['failures.md', failurePage()],
    ['layer.md', layerPage()],
    ['layer.schema.json', json(layerJsonSchema())],
    ['metrics.md', metricsPage()],
    ['openapi.json', json(openApi())],
    ['state-charts.md', stateCharts()],
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const meanings: Readonly<Record<FailureKind, string>> = {
  'bad-request': 'what was asked cannot be done, or is not understood',
  'no-default-services': 'autostart, and no service has `startup: enabled`',
  'login-required': 'the caller may not ask for this',
  forbidden: 'the caller may not see what belongs to another user',
  'not-found': 'there is no such endpoint, change, check or file',
  'method-not-allowed': 'the endpoint does not take this method',
  internal: 'djsup or the system could not do it',
  'time-out': 'a wait took longer than its time-out',
};

function failurePage(): string {
  const rows = Object.entries(failureTable).map(([kind, { status, phrase, wireKind, exitCode }]) => {
    const meaning = meanings[kind as FailureKind];
    return `| \`${kind}\` | ${meaning} | ${status} ${phrase} | ${wireKind ? `\`${wireKind}\`` : ''} | ${exitCode} |\n`;
  });
  return `# Failures

<!-- Generated from src/wire/failure.ts by "npm run docs"; do not edit. -->

Why a request could not be met, how the API answers, and how the command ends that asked. Over HTTP a failure is
\`{"type":"error","status-code":...,"status":"...","result":{"message":"...","kind":"..."}}\`; on the command line it is one
line \`error: ...\` on stderr. The daemon's own exit codes are in [Operating](../guides/operating.md#exit-codes-of-the-daemon).

| kind | when | HTTP status | \`kind\` in the answer | exit code |
| --- | --- | --- | --- | --- |
${rows.join('')}`;
}
