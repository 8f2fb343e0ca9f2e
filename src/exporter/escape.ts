// Names as Prometheus wants them (https://prometheus.io/docs/instrumenting/exposition_formats/).
// Law: an escaped name is a name that Prometheus takes, and escaping it again changes nothing.

/** A metric's or a label's name: other characters become `_`, a run of dashes one `_`, and no digit comes first. */
export function escapeName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  const escaped = name.replaceAll(/-+|[^A-Za-z0-9_]/gu, '_');
  return /^\d/.test(escaped) ? `_${escaped}` : escaped;
}

/** Names that Prometheus keeps for itself. */
export function isReservedLabel(name: string): boolean {
  return name.startsWith('__');
}
