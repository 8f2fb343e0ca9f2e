// Fills the shipped Django layer with a project's facts. Law: values go into parsed YAML scalars and into whole words of
// commands, never into raw text, so nothing that a value holds can change the layer's shape.
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { formatCommand, parseCommand } from '../core/command.ts';
import { exporterService } from './exporter.ts';
import type { ExporterLaunch } from './exporter.ts';
import { migrateTask } from './migrations.ts';
import type { Migrations } from './migrations.ts';
import type { ProjectFacts } from './project.ts';

export interface ShippedLayer {
  /** Of layers/django.yaml. */
  readonly text: string;
  /** Absolute path of layers/gunicorn.conf.py. */
  readonly gunicornConfig: string;
  /** Undefined: without one. */
  readonly exporter: ExporterLaunch | undefined;
}

/** By name of a placeholder. A list stands for several words of a command. */
type Values = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Seconds that djsup gives Gunicorn beyond its own graceful time-out. */
const margin = 5;

/**
 * The layer's text, ready to be parsed. An entry whose placeholder has no value is left out, so is what needs one:
 * without a WSGI module the command and the checks, without an address to probe the checks, without an exporter its service,
 * without migrations their task.
 */
export function fillLayer(facts: ProjectFacts, shipped: ShippedLayer, migrations?: Migrations): string {
  const values: Values = {
    PYTHON: facts.python,
    GUNICORN_CONF: shipped.gunicornConfig,
    WSGI: facts.wsgi,
    WORKER_CLASS: facts.workerClass,
    APP_DIR: facts.appDir,
    USER_CONF: facts.gunicorn.config,
    KILL_DELAY: `${facts.gunicorn.gracefulTimeout + margin}s`,
    PROBE: facts.wsgi === undefined ? undefined : facts.gunicorn.probe,
    MIGRATE: migrations?.command,
    STATSD_EXPORTER: shipped.exporter?.command,
    STATSD_MAPPING: shipped.exporter?.mapping,
    STATSD_HOST: shipped.exporter?.host,
  };
  const document = parseDocument(shipped.text);
  if (values['PROBE'] === undefined) document.delete('checks');
  if (shipped.exporter === undefined) document.deleteIn(['services', exporterService]);
  if (migrations === undefined) document.deleteIn(['services', migrateTask]);
  else document.setIn(['services', migrateTask, 'before'], migrations.before);
  visit(document, {
    Pair(_, pair) {
      const { value } = pair;
      if (!isScalar(value) || typeof value.value !== 'string') return undefined;
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      const filled = key === 'command' ? fillCommand(value.value, values) : fillText(value.value, values);
      if (filled === undefined) return visit.REMOVE;
      value.value = filled;
      return undefined;
    },
  });
  if (!isMap(document.contents)) throw new Error('the shipped layer is not a mapping');
  return document.toString({ lineWidth: 0 });
}

function fillCommand(template: string, values: Values): string | undefined {
  const command = parseCommand(template);
  if (!command.ok) throw new Error(`the shipped layer has a wrong command: ${command.failure}`);
  const fill = (words: readonly string[]) => words.flatMap((word) => fillWord(word, values));
  const base = fill(command.value.base);
  const defaults = fill(command.value.defaults ?? []);
  if (!base.every((word) => word !== undefined) || !defaults.every((word) => word !== undefined))
    return undefined;
  return formatCommand({ base, defaults: command.value.defaults === undefined ? undefined : defaults });
}

function fillWord(word: string, values: Values): readonly (string | undefined)[] {
  const value = values[/^\$\{([A-Z_]+)\}$/.exec(word)?.[1] ?? ''];
  return typeof value === 'object' ? value : [fillText(word, values)];
}

/** Undefined when a placeholder has no value; a name that djsup does not know is a bug of the shipped layer. */
function fillText(text: string, values: Values): string | undefined {
  let missing = false;
  const filled = text.replaceAll(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
    if (!(name in values)) throw new Error(`the shipped layer has an unknown placeholder "${name}"`);
    const value = values[name];
    missing ||= value === undefined;
    return typeof value === 'object' ? value.join(' ') : (value ?? '');
  });
  return missing ? undefined : filled;
}
