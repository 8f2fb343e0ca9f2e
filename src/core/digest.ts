// 64 bits of a text, to tell texts apart: two lanes of MurmurHash3's 32-bit mixing. Law: against accidents alone; whoever
// wants two texts with the same digest can find them.

/** 16 hexadecimal digits. */
export function digest(text: string): string {
  let [one, two] = [0x9747b28c, 0x3c074a61];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    one = mix(one, unit, 0xcc9e2d51);
    two = mix(two, unit, 0x1b873593);
  }
  return hex(finish(one ^ text.length)) + hex(finish(two ^ text.length ^ one));
}

function mix(lane: number, unit: number, factor: number): number {
  const scrambled = Math.imul(unit ^ 0x85ebca6b, factor);
  const turned = lane ^ ((scrambled << 15) | (scrambled >>> 17));
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

/** Lets every bit of the lane have a say in every bit of the result. */
function finish(lane: number): number {
  const first = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}
