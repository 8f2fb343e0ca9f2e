// Security events as log lines, in the form that tools match (OWASP's vocabulary, Pebble's key order).

export type SecurityLevel = 'INFO' | 'WARN' | 'CRITICAL';

/** `event` is like `authz_admin:1000,add_layer`. */
export function securityLine(
  appId: string,
  level: SecurityLevel,
  event: string,
  description: string,
  now: Date,
): string {
  const datetime = `${now.toISOString().slice(0, 19)}Z`;
  return JSON.stringify({ type: 'security', datetime, level, event, description, appid: appId });
}
