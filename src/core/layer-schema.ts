// The layer format as one table: reading, combining, printing and the JSON Schema all follow from it.
// A new key is a line here; the order of lines is the order in which a plan is printed.
import { parseCommand } from './command.ts';
import { anyText, duration, number, oneOf, override, text } from './layer-field.ts';
import type { JsonSchema, ValueOf, Values } from './layer-field.ts';
import { entries, group, list, mapOf } from './layer-group.ts';
import { leaderActions, leaderFields } from './leader/layer-fields.ts';
import { splitWords } from './words.ts';

function entryName(name: string): string | undefined {
  if (name === '') return 'a name must not be empty';
  // Names stand in log lines and tables, where a control character would break the line.
  return /\p{Cc}/u.test(name) ? 'a name must not hold control characters' : undefined;
}

function serviceName(name: string): string | undefined {
  if (name === 'pebble') return 'this name is reserved';
  return name.startsWith('-') ? 'a service name must not start with "-"' : entryName(name);
}

function groupName(name: string): string | undefined {
  if (leaderActions.some((action) => action === name)) return 'this is a word of `djsup leader`';
  // It names a row, a key or an object of the engine.
  return /^[a-zA-Z0-9](?:[-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(name)
    ? undefined
    : 'a group has up to 63 letters, digits, "-", "_" or ".", the first and the last a letter or digit';
}

function variableName(name: string): string | undefined {
  if (name === '') return 'a variable needs a name';
  return name.includes('=') ? 'the name of a variable must not hold "="' : undefined;
}

function labelName(name: string): string | undefined {
  if (name.startsWith('pebble_')) return 'the prefix "pebble_" is reserved';
  return name === '' ? 'a label needs a name' : undefined;
}

function headerName(name: string): string | undefined {
  // RFC 9110, 5.6.2: token.
  return /^[-!#$%&'*+.^_`|~\w]+$/.test(name) ? undefined : 'this is not the name of an HTTP header';
}

function headerValue(value: string): string | undefined {
  // RFC 9110, 5.5; Node writes headers as Latin-1.
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? undefined
    : 'a header holds printable Latin-1 characters only';
}

function serviceCommand(line: string): string | undefined {
  const parsed = parseCommand(line);
  return parsed.ok ? undefined : parsed.failure;
}

function checkCommand(line: string): string | undefined {
  const words = splitWords(line);
  if (!words.ok) return words.failure;
  return words.value.length === 0 ? 'it has no words' : undefined;
}

/** Why this is no address of an HTTP server; undefined when it is one. */
export function httpUrl(address: string): string | undefined {
  const known = /^https?:\/\//i.test(address) && URL.canParse(address);
  return known ? undefined : `must look like "http://host:port/path", not "${address}"`;
}

const largestId = 2 ** 32 - 2;
const startup = ['enabled', 'disabled'] as const;

const environment = mapOf('Environment variables, taken literally.', anyText(), variableName);
const account = {
  'user-id': number('Numeric id of the user it runs as.', { min: 0, max: largestId, whole: true }),
  user: text('Name of the user it runs as.'),
  'group-id': number('Numeric id of the group it runs as.', { min: 0, max: largestId, whole: true }),
  group: text('Name of the group it runs as; needs a user.'),
};

const serviceFields = {
  summary: text('One line about the service.'),
  description: text('More about the service.'),
  startup: oneOf('Whether it starts with the daemon; default `disabled`.', startup),
  override: override(),
  type: oneOf(
    'A `task` runs to its end, and counts as started once it has exited with code 0: what comes after it waits. Default `service`.',
    ['service', 'task'],
  ),
  once: oneOf('A task that one replica runs for all of them, once for each release.', ['release']),
  command: text(
    'Command line, run without a shell. Words in a last `[ ... ]` are default arguments, which `--args` replaces.',
    serviceCommand,
  ),
  after: list('Services that are started before this one, when both are.'),
  before: list('Services that are started after this one, when both are.'),
  requires: list('Services that must be up for this one; started and stopped together with it.'),
  workload: text('Workload whose environment and account it runs with.'),
  'service-context': text('Service whose environment, account and directory it runs with.'),
  environment,
  ...account,
  'working-dir': text('Directory it runs in; default the directory of the daemon.'),
  'on-success': oneOf('What to do when it exits with code 0; default `restart`.', [
    'restart',
    'shutdown',
    'failure-shutdown',
    'ignore',
  ]),
  'on-failure': oneOf('What to do when it exits otherwise; default `restart`.', [
    'restart',
    'shutdown',
    'success-shutdown',
    'ignore',
  ]),
  'on-check-failure': mapOf(
    'What to do when a check has failed `threshold` times in a row, per check.',
    oneOf('', ['restart', 'shutdown', 'success-shutdown', 'ignore']),
    entryName,
  ),
  'backoff-delay': duration('First pause before a restart; default `500ms`.', 'zero'),
  'backoff-factor': number('What the pause is multiplied by at each further restart; default 2.', {
    min: 1,
    whole: false,
  }),
  'backoff-limit': duration(
    'Longest pause before a restart, and the time up after which pauses start anew; default `30s`.',
    'zero',
  ),
  'kill-delay': duration('From SIGTERM to SIGKILL; default `5s`.', 'zero'),
  'kill-mode': oneOf(
    'Who gets SIGTERM: `main-first` the main process, then what is left of its group; `group` all at once. Default `main-first`.',
    ['main-first', 'group'],
  ),
  singleton: oneOf(
    'Whether only one replica runs it, by leader election; default `auto`: where its name ends in `-scheduler`.',
    ['auto', 'always', 'never'],
  ),
  'leader-group': text(
    'Group whose leader runs it, if only one does (of a task with `once`: `releases` where none is named); default `schedulers`.',
    groupName,
  ),
};

const checkFields = {
  override: override(),
  level: oneOf('Level of health that it counts for.', ['alive', 'ready']),
  startup: oneOf('Whether it starts with the daemon; default `enabled`.', startup),
  period: duration('From one run to the next; default `10s`.', 'above zero'),
  timeout: duration('Longest run; default `3s`, at most the period.', 'above zero'),
  threshold: number('Failures in a row that make it down; default 3.', {
    min: 1,
    whole: true,
    zeroIsNothing: true,
  }),
  'start-period': duration(
    'How long after its service has come up failures are not counted; default `0s`.',
    'zero',
  ),
  service: text('Service it is tied to: it does not run before that is up.'),
  http: group('An HTTP GET that must answer 2xx.', {
    url: text('Address to get.', httpUrl),
    headers: mapOf('Headers to send.', anyText(headerValue), headerName),
  }),
  tcp: group('A TCP port that must accept.', {
    port: number('Port to connect to.', { min: 1, max: 65535, whole: true, zeroIsNothing: true }),
    host: text('Host to connect to; default `localhost`.'),
  }),
  exec: group('A command that must exit with code 0.', {
    command: text('Command line, run without a shell.', checkCommand),
    'service-context': text('Service whose environment, account and directory it runs with.'),
    environment,
    ...account,
    'working-dir': text('Directory it runs in.'),
  }),
  leader: group('A leader group that must have a leader, here or elsewhere.', {
    group: text('Name of the group; default `schedulers`.', groupName),
    after: duration(
      'How long nobody may lead; default `60s`, or two leases of the group where that is longer.',
      'zero',
    ),
  }),
};

const logTargetFields = {
  type: oneOf('Protocol.', ['loki', 'opentelemetry', 'syslog']),
  location: text('Where to send: an HTTP URL, or for syslog `tcp://host:port` or `udp://host:port`.'),
  services: list(
    'Services whose logs are sent: `all`, names, and `-name` or `-all` to leave out; the last match decides.',
  ),
  override: override(),
  labels: mapOf(
    'Labels to send along; `$X` is taken from the environment of the service.',
    anyText(),
    labelName,
  ),
};

const workloadFields = { override: override(), environment, ...account };

/** The whole file. `summary` and `description` are the layer's own, the rest is the plan. */
export const layerField = group(
  'A layer of the plan.',
  {
    summary: text('One line about the layer.'),
    description: text('More about the layer.'),
    services: entries('Commands to keep running.', 'service', serviceFields, serviceName),
    checks: entries('Probes of health.', 'check', checkFields, entryName),
    'log-targets': entries('Where logs are sent.', 'log target', logTargetFields, entryName),
    leader: entries(
      'How replicas agree on the one that runs the services of a group.',
      'leader group',
      leaderFields,
      groupName,
    ),
    workloads: entries(
      'Accounts and environments that services share; fixed once the daemon runs.',
      'workload',
      workloadFields,
      entryName,
    ),
    pairing: group('How clients may pair.', {
      mode: oneOf('How many clients may pair; default `disabled`.', ['disabled', 'single', 'multiple']),
    }),
  },
  'section',
);

export type LayerValues = ValueOf<typeof layerField>;
export type ServiceEntry = Values<typeof serviceFields>;
export type CheckEntry = Values<typeof checkFields>;
export type LogTargetEntry = Values<typeof logTargetFields>;
export type WorkloadEntry = Values<typeof workloadFields>;

/** JSON Schema (draft 2020-12) of a layer, for editors; djsup itself reads with the same table. */
export function layerJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'djsup layer',
    description: layerField.description,
    ...layerField.schema,
  };
}
