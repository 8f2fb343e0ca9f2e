// Times for people: "today at 15:04 CET", and RFC 3339 for those who ask. Law: always the local zone of the reader.

/** RFC 3339 with seconds, `Z` for no offset. */
export function absoluteTime(time: Date): string {
  const offset = -time.getTimezoneOffset();
  return `${dateText(time)}T${clockText(time)}:${two(time.getSeconds())}${offset === 0 ? 'Z' : offsetText(offset, ':')}`;
}

/** Relative to `now` up to 60 days away, else the date. */
export function relativeTime(time: Date, now: Date): string {
  const days = dayNumber(time) - dayNumber(now);
  const at = `at ${clockText(time)} ${zoneText(time)}`;
  if (days === 0) return `today ${at}`;
  if (days === -1) return `yesterday ${at}`;
  if (days === 1) return `tomorrow ${at}`;
  if (days < 0 && days >= -60) return `${-days} days ago, ${at}`;
  if (days > 0 && days <= 60) return `in ${days} days, ${at}`;
  return dateText(time);
}

/** A time of the wire as a table shows it; `-` for none, the text itself where it is no time. */
export function timeText(text: string | undefined, now: Date, absolute: boolean): string {
  if (text === undefined) return '-';
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  return absolute ? absoluteTime(time) : relativeTime(time, now);
}

/** Days since 1970 of the local date, so that a day of 23 hours still is one. */
function dayNumber(time: Date): number {
  return Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) / 86_400_000;
}

function dateText(time: Date): string {
  return `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function clockText(time: Date): string {
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The zone's abbreviation as Go writes it: `UTC`, `CET`, or `+08` where the zone has none. */
function zoneText(time: Date): string {
  // Intl takes 17 ms to load; the usual zone of a container does without.
  if (/\((Coordinated Universal Time|GMT\+00:00)\)$/.test(time.toString())) return 'UTC';
  // Each locale abbreviates the zones of its own part of the world only.
  for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(time);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value;
    if (name !== undefined && /^[A-Z]+$/.test(name)) return name;
  }
  return offsetText(-time.getTimezoneOffset(), '').replace(/00$/, '');
}

function offsetText(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
