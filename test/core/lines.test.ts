import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutLines, lineLimit, restText } from '../../src/core/lines.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('a stream of bytes', () => {
  test('is cut into its lines, the unfinished one left over', () => {
    const cut = cutLines(bytes('a'), bytes('b\n\nc'));
    expect(cut.lines).toEqual(['ab', '']);
    expect(restText(cut.rest)).toBe('c');
  });

  test('is cut at the limit, never within a character', () => {
    const { lines, rest } = cutLines(new Uint8Array(), bytes(`${'é'.repeat(5)}\n`), 5);
    expect(lines).toEqual(['éé', 'éé', 'é']);
    expect(rest).toHaveLength(0);
  });

  test('with bytes that are no UTF-8 has them replaced', () => {
    expect(cutLines(new Uint8Array(), new Uint8Array([0x61, 0xff, 0x0a])).lines).toEqual(['a\ufffd']);
  });

  test('gives the same text however it arrives, in lines within the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.array(fc.nat(50)), (text, cuts) => {
        const all = bytes(`${text}\n`);
        const lines: string[] = [];
        let rest: Uint8Array = new Uint8Array();
        let from = 0;
        for (const size of [...cuts, all.length]) {
          const cut = cutLines(rest, all.subarray(from, from + size), 16);
          lines.push(...cut.lines);
          rest = cut.rest;
          from += size;
        }
        expect(rest.length).toBe(0);
        expect(lines.every((line) => bytes(line).length <= 16)).toBe(true);
        expect(lines.join('')).toBe(text.replaceAll('\n', ''));
      }),
    );
  });

  test("has lines under Pebble clients' limit", () => {
    expect(lineLimit).toBe(4_096);
  });
});

test('what is left over is a copy: the caller may use its bytes again', () => {
  const given = Buffer.from('whole\nhalf');
  const { rest } = cutLines(new Uint8Array(), given);
  given.fill(0);
  expect(restText(rest)).toBe('half');
});
