// The plan: all layers combined, checked and typed. Law: pure; all problems of a plan are told at once.
import type { CheckConfig, LeaderConfig, LogTargetConfig, ServiceConfig, WorkloadConfig } from './config.ts';
import { placeKey } from './layer-reader.ts';
import type { LayerValues } from './layer-schema.ts';
import type { Layer } from './layer.ts';
import type { LeaderEntry } from './leader/layer-fields.ts';
import { mergeValues } from './merge.ts';
import { checkConfig, defaultThreshold, logTargetConfig } from './plan-check.ts';
import { checkRecords, leaderConfig } from './plan-leader.ts';
import { checkNames } from './plan-names.ts';
import { checkReleaseTasks, serviceConfig, withContexts, workloadConfig } from './plan-service.ts';
import type { Notes } from './plan-service.ts';
import { planText } from './plan-text.ts';
import { byPlace } from './problem.ts';
import type { Place, Problem } from './problem.ts';
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';

/** The maps are sorted by name. */
export interface Plan {
  readonly services: ReadonlyMap<string, ServiceConfig>;
  readonly checks: ReadonlyMap<string, CheckConfig>;
  readonly logTargets: ReadonlyMap<string, LogTargetConfig>;
  readonly workloads: ReadonlyMap<string, WorkloadConfig>;
  /** Those that layers define, and those that services name. */
  readonly leader: ReadonlyMap<string, LeaderConfig>;
  readonly pairing: 'disabled' | 'single' | 'multiple';
  /** What `GET /v1/plan` shows: only what layers have set, and thresholds. */
  readonly text: string;
  /** Worth saying, but no reason to refuse: `after` and `before` of services that do not exist. */
  readonly warnings: readonly Problem[];
}

export const emptyPlan: Plan = {
  services: new Map(),
  checks: new Map(),
  logTargets: new Map(),
  workloads: new Map(),
  leader: new Map(),
  pairing: 'disabled',
  text: '{}\n',
  warnings: [],
};

/** The layers in order, later ones over earlier ones. Fails with every problem of the combined plan. */
export function combineLayers(layers: readonly Layer[]): Result<Plan, readonly Problem[]> {
  const values = withShownDefaults(
    layers.reduce<LayerValues>((all, one) => mergeValues(all, one.values), {}),
  );
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const notes: Notes = {
    refuse: (path, message) => void problems.push({ ...locate(layers, path), message }),
    warn: (path, message) => void warnings.push({ ...locate(layers, path), message }),
  };

  checkNames(values, notes);
  const workloads = build(values.workloads, (name, entry) => workloadConfig(name, entry, notes));
  const plain = build(values.services, (name, entry) => serviceConfig(name, entry, workloads, notes));
  const services = withContexts(plain, (name) => values.services?.get(name)?.['service-context']);
  const logTargets = build(values['log-targets'], (name, entry) => logTargetConfig(name, entry, notes));
  const groups = [...services.values()].flatMap(({ leaderGroup }) => leaderGroup ?? []);
  const entries = new Map(groups.map((group): [string, LeaderEntry] => [group, {}]));
  for (const [group, entry] of values.leader ?? []) entries.set(group, entry);
  const leader = build(entries, (group, entry) => leaderConfig(group, entry, notes));
  checkRecords(leader, notes);
  checkReleaseTasks(services, notes);
  const checks = build(values.checks, (name, entry) => checkConfig(name, entry, services, leader, notes));
  if (problems.length > 0) return fail(problems.toSorted(byPlace));
  const pairing = values.pairing?.mode ?? 'disabled';
  return ok({
    services,
    checks,
    logTargets,
    workloads,
    leader,
    pairing,
    // Made when somebody asks: to write YAML takes longer than all of the above.
    get text() {
      return planText(values);
    },
    warnings,
  });
}

function build<E, C>(
  entries: ReadonlyMap<string, E> | undefined,
  make: (name: string, entry: E) => C | undefined,
): ReadonlyMap<string, C> {
  const built = new Map<string, C>();
  for (const [name, entry] of [...(entries ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const config = make(name, entry);
    if (config !== undefined) built.set(name, config);
  }
  return built;
}

/** Of the defaults, the plan's text shows these two. */
function withShownDefaults(values: LayerValues): LayerValues {
  const checks = [...(values.checks ?? [])].map(
    ([name, entry]) => [name, { ...entry, threshold: entry.threshold ?? defaultThreshold }] as const,
  );
  const targets = [...(values['log-targets'] ?? [])].map(
    ([name, entry]) => [name, { ...entry, services: entry.services ?? [] }] as const,
  );
  return { ...values, checks: new Map(checks), 'log-targets': new Map(targets) };
}

/** Where the latest layer has the path, or else what holds it. */
function locate(layers: readonly Layer[], path: readonly string[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const key = placeKey(path.slice(0, length));
    const place = layers.findLast((layer) => layer.places.has(key))?.places.get(key);
    if (place !== undefined) return place;
  }
  return { file: 'plan', line: 0, column: 0 };
}
