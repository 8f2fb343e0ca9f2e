// What the image test says: one line a check, with the time since the start, and the count of those that failed.
const began = performance.now();
let failed = 0;

export function say(text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

/** @param findFault returns what is wrong, undefined where nothing is; @returns whether all was well */
export function check(title: string, findFault: () => string | undefined): boolean {
  const fault = findFault();
  if (fault !== undefined) failed += 1;
  say(fault === undefined ? `  ok: ${title}` : `  FAILED: ${title}: ${fault}`);
  return fault === undefined;
}

export function failures(): number {
  return failed;
}
