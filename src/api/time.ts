// Times as they travel: RFC 3339, the fraction without trailing zeros, milliseconds at most.

/** In the daemon's local zone; `Z` where that is at UTC. */
export function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  if (offset === 0) return utcTime(date);
  const shifted = utcTime(new Date(date.getTime() + offset * 60_000)).slice(0, -1);
  const minutes = Math.abs(offset);
  return `${shifted}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export function utcTime(date: Date): string {
  return date.toISOString().replace(/\.?0+Z$/, 'Z');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
