/** Lines are the same however the bytes arrive: whole lines of ASCII are read another way than the rest. */
import { expect } from "chai";
import * as fc from "fast-check";
import { LineReader, type LineEvent } from "../../../src/gateway/tcp/line-reader.ts";

const LINE_BYTES = 10;

/** Bytes that mean something here, and some that don't. */
const piece = fc.constantFrom(
  "\n",
  "\r\n",
  "\r",
  "COMPRAR",
  "COMPRAR\n",
  "CONSULTAR\r\n",
  "COMPRAR\nCOMPRAR\nCOMPRAR\r\nCOMPRAR 1\n",
  "\n\n\n",
  "x".repeat(LINE_BYTES),
  "x".repeat(LINE_BYTES + 1),
  "ação\n",
  "\0",
  "COMPRAR\n\0",
  "",
);
const telnet = fc.constantFrom([255, 251, 1], [255, 255], [255, 250, 1, 255, 240], [255]);
const bytes = fc
  .array(fc.oneof({ weight: 6, arbitrary: piece }, { weight: 1, arbitrary: telnet }), { maxLength: 12 })
  .map((pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))));

describe("a line reader", () => {
  it("finds the same lines in whole chunks as byte by byte", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.array(fc.boolean()), (chunks, silences) => {
        const whole = new LineReader(LINE_BYTES);
        const slow = new LineReader(LINE_BYTES);
        chunks.forEach((chunk, i) => {
          expect(whole.push(chunk)).to.deep.equal(byteByByte(slow, chunk));
          expect(whole.pending).to.equal(slow.pending);
          if (silences[i] === true) expect(whole.silence()).to.deep.equal(slow.silence());
        });
        expect(whole.end()).to.deep.equal(slow.end());
      }),
      { numRuns: 2_000 },
    );
  });

  it("goes on with whole lines behind one that came in two pieces", () => {
    const reader = new LineReader(LINE_BYTES);
    expect(reader.push(Buffer.from("COM"))).to.deep.equal([]);
    expect(reader.push(Buffer.from("PRAR\nAJUDA\r\n\nSA"))).to.deep.equal(["COMPRAR", "AJUDA", ""]);
    expect(reader.end()).to.deep.equal(["SA"]);
  });
});

function byteByByte(reader: LineReader, chunk: Buffer): LineEvent[] {
  return Array.from(chunk).flatMap((byte) => reader.push(Buffer.from([byte])));
}
