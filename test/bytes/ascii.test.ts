import { expect } from "chai";
import * as fc from "fast-check";
import { putAscii, putBytes, putCount } from "../../src/bytes/ascii.ts";

/** Stands where nothing was written. */
const UNTOUCHED = 0xee;
const START = 3;

/** What was written, after it was seen that nothing else was and that the end was told. */
function written(put: (bytes: Buffer, start: number) => number): string {
  const bytes = Buffer.alloc(64, UNTOUCHED);
  const end = put(bytes, START);
  const outside = [...bytes.subarray(0, START), ...bytes.subarray(end)];
  expect(outside.every((byte) => byte === UNTOUCHED)).to.equal(true);
  return bytes.toString("latin1", START, end);
}

describe("bytes: text and numbers", () => {
  it("writes a count as its digits, around each power of ten and of two", () => {
    const powers = [...Array(16).keys()].map((power) => 10 ** power);
    const twos = [...Array(54).keys()].map((power) => 2 ** power);
    for (const edge of [...powers, ...twos]) {
      for (const count of [edge - 1, edge, Math.min(edge + 1, Number.MAX_SAFE_INTEGER)]) {
        if (count > Number.MAX_SAFE_INTEGER) continue;
        expect(written((bytes, start) => putCount(bytes, start, count))).to.equal(String(count));
      }
    }
  });

  it("writes any count as its digits", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(1_000)), (count) => {
        expect(written((bytes, start) => putCount(bytes, start, count))).to.equal(String(count));
      }),
      { numRuns: 2_000 },
    );
  });

  it("writes text and pieces as they are", () => {
    expect(written((bytes, start) => putAscii(bytes, start, "COMPRAR 1"))).to.equal("COMPRAR 1");
    expect(written((bytes, start) => putBytes(bytes, start, Buffer.from("sold")))).to.equal("sold");
    expect(written((bytes, start) => putAscii(bytes, start, ""))).to.equal("");
  });
});
