// Tags in a line, in the dialects of DogStatsD, Librato, InfluxDB and SignalFX.
// Law: a tag that cannot be used is counted and left out; it never costs the sample.
import { detached } from './detached.ts';
import { escapeName, isReservedLabel } from './escape.ts';

/** Label names, escaped, to their values. */
export type Labels = Map<string, string>;

export interface TagDialects {
  readonly dogstatsd: boolean;
  readonly influxdb: boolean;
  readonly librato: boolean;
  readonly signalfx: boolean;
}

export interface NamedTags {
  readonly name: string;
  readonly labels: Labels;
  /** Tags, or brackets, that could not be read. */
  readonly errors: number;
}

/** A datagram may have thousands of values, and labels are sorted for each. */
const mostLabels = 100;

/** `foo#a=1`, `foo,a=1` and `foo[a=1]` as a name and labels. SignalFX's brackets go before the other two. */
export function readNameTags(text: string, dialects: TagDialects): NamedTags {
  const labels: Labels = new Map();
  if (dialects.signalfx) {
    const open = text.indexOf('[');
    const close = text.indexOf(']');
    if (open !== -1 && close > open) {
      const errors = addTags(labels, text.slice(open + 1, close), '=');
      return { name: text.slice(0, open) + text.slice(close + 1), labels, errors };
    }
    // A bracket without its other half: whatever else is in the name is not looked at.
    if (open !== -1 || close !== -1) return { name: text, labels, errors: 1 };
  }
  const start = text.search(delimiter(dialects));
  if (start === -1) return { name: text, labels, errors: 0 };
  const errors = addTags(labels, text.slice(start + 1), '=');
  return { name: text.slice(0, start), labels, errors };
}

/** What `#a:1,b:2` holds after its `#`; each tag may have a `#` of its own. Returns how many could not be read. */
export function addDogstatsdTags(labels: Labels, text: string): number {
  return addTags(labels, text, ':');
}

const neither = /$^/;
const delimiters = { both: /[#,]/, librato: /#/, influxdb: /,/ };

function delimiter({ librato, influxdb }: TagDialects): RegExp {
  if (librato && influxdb) return delimiters.both;
  if (librato) return delimiters.librato;
  return influxdb ? delimiters.influxdb : neither;
}

function addTags(labels: Labels, text: string, separator: '=' | ':'): number {
  if (text === '') return 0;
  const tags = text.split(',');
  // What follows the last comma may be nothing.
  if (tags.at(-1) === '') tags.pop();
  let errors = 0;
  for (const tag of tags) {
    const own = separator === ':' && tag.startsWith('#') ? tag.slice(1) : tag;
    const at = own.indexOf(separator);
    const name = escapeName(own.slice(0, Math.max(at, 0)));
    const value = own.slice(at + 1);
    const isTooMuch = labels.size >= mostLabels && !labels.has(name);
    if (at < 1 || value === '' || isReservedLabel(name) || isTooMuch) errors += 1;
    else labels.set(detached(name), detached(value));
  }
  return errors;
}
