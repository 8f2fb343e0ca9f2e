// The order of names in a printed plan: as people count, `web-2` before `web-10`.

/** Digit runs compare as numbers; other characters before letters, but after letters where a digit precedes. */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [a.match(piece) ?? [], b.match(piece) ?? []];
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (one === other) continue;
    if (isDigits(one) && isDigits(other)) return compareDigits(one, other);
    if (isLetter(one) !== isLetter(other)) {
      const letterFirst = isDigits(left[index - 1] ?? '');
      return isLetter(one) === letterFirst ? -1 : 1;
    }
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
}

const piece = /\d+|\D/gu;

function isDigits(text: string): boolean {
  return /^\d/.test(text);
}

function isLetter(text: string): boolean {
  return /^\p{L}/u.test(text);
}

/** By value, then shorter first, so that equal numbers with leading zeros still have one order. */
function compareDigits(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (one.length !== other.length) return one.length - other.length;
  if (one !== other) return one < other ? -1 : 1;
  return a.length - b.length;
}
