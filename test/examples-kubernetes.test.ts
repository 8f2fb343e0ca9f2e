// The manifests of examples/kubernetes against what djsup does: names, rights, probes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { recordName } from '../src/core/leader/settings.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly {
    readonly resourceNames: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly spec?: { readonly template: { readonly spec: PodSpec } };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly livenessProbe: { readonly httpGet: { readonly path: string } };
  }[];
}

function manifests(file: string): readonly Manifest[] {
  const text = readFileSync(join(import.meta.dirname, '../examples/kubernetes', file), 'utf8');
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

const pod = manifests('deployment.yaml')[0]?.spec?.template.spec;
const container = pod?.containers[0];
const app = container?.env.find(({ name }) => name === 'DJSUP_APP')?.value ?? '';

test('the Leases have the names that djsup makes of the application and the groups', () => {
  const leases = manifests('leader.yaml').filter(({ kind }) => kind === 'Lease');
  const names = ['schedulers', 'releases'].map((group) => recordName(app, group));
  expect(leases.map(({ metadata }) => metadata.name)).toEqual(names);
  const rules = manifests('leader.yaml').find(({ kind }) => kind === 'Role')?.rules;
  expect(rules).toHaveLength(1);
  expect(rules?.[0]).toMatchObject({ resourceNames: names, verbs: ['get', 'watch', 'update'] });
});

test('the pods know who they are, and probe what is alive and what is ready', () => {
  const names = container?.env.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['POD_NAME', 'POD_NAMESPACE', 'POD_UID', 'DJSUP_RELEASE']));
  expect(container?.livenessProbe.httpGet.path).toBe('/v1/health?level=alive');
  expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(35);
});
