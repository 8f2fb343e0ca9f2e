// Which StatsD exporter stands beside Gunicorn, and where Gunicorn sends. Law: Gunicorn is told to send to the exporter only
// where the plan runs it, and a host that the user names wins.
import { join } from 'node:path';
import type { Layer } from '../core/layer.ts';
import type { Files } from '../ports.ts';

export interface ExporterLaunch {
  /** Its program and first words; flags of the layer follow. */
  readonly command: readonly string[];
  /** Absolute path of layers/statsd-mapping.yaml. */
  readonly mapping: string;
  /** `host:port` that Gunicorn sends to; undefined: as the environment says, which may be nowhere. */
  readonly host: string | undefined;
}

/** The name of its service in the shipped layer. */
export const exporterService = 'statsd-exporter';

/**
 * The original `statsd_exporter` where PATH has it, else djsup's own (`own`: the words that start it); undefined where
 * DJSUP_STATSD_EXPORTER is `off`.
 */
export function chooseExporter(
  files: Pick<Files, 'exists'>,
  environment: Readonly<Record<string, string | undefined>>,
  paths: { readonly own: readonly string[]; readonly mapping: string },
): ExporterLaunch | undefined {
  if (environment['DJSUP_STATSD_EXPORTER'] === 'off') return undefined;
  const places = (environment['PATH'] ?? '').split(':').filter((directory) => directory.startsWith('/'));
  const original = places.map((place) => join(place, 'statsd_exporter')).find((path) => files.exists(path));
  return {
    command: original === undefined ? paths.own : [original],
    mapping: paths.mapping,
    host: environment['DJSUP_STATSD_HOST'] || 'localhost:9125',
  };
}

/** Whether the exporter of the shipped layer still starts with the daemon once these layers have come over it. */
export function keepsExporter(layers: readonly Layer[]): boolean {
  const words = layers.map((layer) => {
    const entry = layer.values.services?.get(exporterService);
    return entry?.override === 'replace' ? (entry.startup ?? 'disabled') : entry?.startup;
  });
  return words.findLast((word) => word !== undefined) !== 'disabled';
}
