// Names that a combined plan uses: each must exist, and before/after must not run in a circle.
import { components, connect, createGraph } from './graph.ts';
import type { CheckEntry, LayerValues, ServiceEntry } from './layer-schema.ts';
import type { Notes } from './plan-service.ts';

export function checkNames(values: LayerValues, notes: Notes): void {
  const services: ReadonlyMap<string, ServiceEntry> = values.services ?? new Map();
  const checks: ReadonlyMap<string, CheckEntry> = values.checks ?? new Map();
  const needService = (path: readonly string[], user: string, name: string | undefined): void => {
    if (name === undefined || services.has(name)) return;
    notes.refuse(path, `${user} names service "${name}", which does not exist`);
  };

  for (const [name, entry] of services) {
    const path = ['services', name];
    for (const other of new Set(entry.requires)) {
      if (!services.has(other)) {
        notes.refuse(
          [...path, 'requires', other],
          `service "${other}" does not exist, service "${name}" requires it`,
        );
      }
    }
    const context = entry['service-context'];
    needService([...path, 'service-context'], `the service-context of service "${name}"`, context);
    if (context !== undefined && services.get(context)?.['service-context'] !== undefined) {
      const message = `the service-context of service "${name}" must not have one itself`;
      notes.refuse([...path, 'service-context'], message);
    }
    for (const key of ['after', 'before'] as const) {
      for (const other of new Set(entry[key])) {
        // A later layer may bring it, and clients of Pebble rely on that.
        const message = `service "${name}" starts ${key} service "${other}", which does not exist`;
        if (!services.has(other)) notes.warn([...path, key, other], message);
      }
    }
    for (const check of entry['on-check-failure']?.keys() ?? []) {
      const message = `service "${name}" acts on check "${check}", which does not exist`;
      if (!checks.has(check)) notes.refuse([...path, 'on-check-failure', check], message);
    }
  }
  for (const [name, entry] of checks) {
    needService(['checks', name, 'service'], `check "${name}"`, entry.service);
    const context = entry.exec?.['service-context'];
    needService(
      ['checks', name, 'exec', 'service-context'],
      `the service-context of check "${name}"`,
      context,
    );
  }
  for (const [name, entry] of values['log-targets'] ?? []) {
    for (const item of new Set(entry.services)) {
      const service = item.replace(/^-/, '');
      if (service !== 'all')
        needService(['log-targets', name, 'services', item], `log target "${name}"`, service);
    }
  }
  checkLoops(services, notes);
}

/** A service that names itself is no loop. */
function checkLoops(services: ReadonlyMap<string, ServiceEntry>, notes: Notes): void {
  const graph = createGraph(services.keys());
  for (const [name, entry] of services) {
    for (const other of entry.after ?? []) connect(graph, other, name);
    for (const other of entry.before ?? []) connect(graph, name, other);
  }
  for (const loop of components(graph)) {
    const [first] = loop;
    if (first === undefined || loop.length === 1) continue;
    const key = services.get(first)?.after ? 'after' : 'before';
    notes.refuse(['services', first, key], `services in before/after loop: ${loop.join(', ')}`);
  }
}
