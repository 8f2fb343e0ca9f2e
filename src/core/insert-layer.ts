// Adding a layer to the stack: where it goes, what its order number is, and what may not change once the daemon runs.
import { formatCommand, withArguments } from './command.ts';
import { isEqual } from './equal.ts';
import type { Layer } from './layer.ts';
import { mergeLayers } from './merge.ts';
import type { Plan } from './plan.ts';
import { ok, refuse } from './result.ts';
import type { Result } from './result.ts';

export interface InsertOptions {
  /** Lay it over the layer of the same label, where there is one. */
  readonly combine: boolean;
  /** It may go into the middle of the stack, behind the other layers of its sub-directory. */
  readonly inner: boolean;
}

/**
 * The stack with the layer in it; the given order number is ignored. `base/part` goes right behind the last layer of
 * sub-directory `base`; everything else goes to the end. Order numbers: a new file takes the next thousand,
 * the first file of a new sub-directory one more than that, another file of it one more than the last.
 */
export function insertLayer(
  layers: readonly Layer[],
  layer: Layer,
  { combine, inner }: InsertOptions,
): Result<readonly Layer[]> {
  const same = layers.findIndex((one) => one.label === layer.label);
  const existing = layers[same];
  if (existing !== undefined) {
    if (!combine) return refuse('bad-request', `layer "${layer.label}" already exists`);
    return ok(layers.with(same, mergeLayers(existing, layer)));
  }

  const directory = directoryOf(layer.label);
  const sibling = layers.findLastIndex(
    (one) => directory !== undefined && directoryOf(one.label) === directory,
  );
  const last = layers[sibling];
  if (last !== undefined && sibling < layers.length - 1) {
    if (!inner) return refuse('internal', `cannot insert sub-directory layer without 'inner' attribute set`);
    return ok(layers.toSpliced(sibling + 1, 0, { ...layer, order: last.order + 1 }));
  }
  const thousand = (Math.floor((layers.at(-1)?.order ?? 0) / 1000) + 1) * 1000;
  const order = last === undefined ? thousand + (directory === undefined ? 0 : 1) : last.order + 1;
  return ok([...layers, { ...layer, order }]);
}

/** The sub-directory of a label; a plain label has none, also where a sub-directory has the same name. */
function directoryOf(label: string): string | undefined {
  const slash = label.indexOf('/');
  return slash === -1 ? undefined : label.slice(0, slash);
}

/** Workloads are fixed once the daemon runs. */
export function checkWorkloadsUnchanged(old: Plan, next: Plan): Result<void> {
  const same = isEqual(Object.fromEntries(old.workloads), Object.fromEntries(next.workloads));
  return same ? ok(undefined) : refuse('bad-request', 'cannot change immutable section "workloads"');
}

/** The layer that gives services other default arguments than the plan's (`--args`); it goes last. */
export function argumentsLayer(plan: Plan, args: ReadonlyMap<string, readonly string[]>): Result<Layer> {
  const services = new Map<string, { readonly override: 'merge'; readonly command: string }>();
  for (const [name, words] of args) {
    const service = plan.services.get(name);
    if (service === undefined) return refuse('bad-request', `service "${name}" not found in plan`);
    const { base, defaults } = service.command;
    const option = base.at(-1) ?? '';
    if (words.length === 0 && defaults !== undefined && defaults.length > 0 && option.startsWith('-')) {
      const message = `cannot run service "${name}" without arguments: they follow "${option}", which needs a value; give --args ${name} at least one`;
      return refuse('bad-request', message);
    }
    services.set(name, { override: 'merge', command: formatCommand(withArguments(service.command, words)) });
  }
  return ok({
    label: 'pebble-service-args',
    order: 0,
    origin: 'command line',
    values: { services },
    places: new Map(),
  });
}
