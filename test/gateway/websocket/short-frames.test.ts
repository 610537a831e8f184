import { expect } from "chai";
import * as fc from "fast-check";
import { readShortFrames } from "../../../src/gateway/websocket/short-frames.ts";

/** A masked frame as a client sends it (RFC 6455, section 5.2). */
function frame(payload: Buffer, mask: Buffer, kind = 0x81): Buffer {
  const masked = payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  return Buffer.concat([Buffer.from([kind, 0x80 | payload.length]), mask, masked]);
}

const MASK = Buffer.from([0x11, 0xff, 0x00, 0x7a]);

function textsOf(bytes: Buffer): { taken: number; texts: string[] } {
  const texts: string[] = [];
  const takeText = (text: string): boolean => texts.push(text) > 0;
  const taken = readShortFrames(bytes, bytes.length, { takeText, takePong: () => {} });
  return { taken, texts };
}

describe("gateway: short frames", () => {
  it("reads each text as it was sent, whatever came before it", () => {
    const few = fc.constantFrom("COMPRAR", "CONSULTAR", "COMPRAR 2", "COM", "", "\u0000", "A".repeat(125));
    const ascii = fc.string({ unit: "binary-ascii", maxLength: 125 });
    const texts = fc.array(fc.oneof({ weight: 3, arbitrary: few }, ascii), { maxLength: 20 });
    const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(texts, mask, (texts, mask) => {
        const bytes = Buffer.concat(texts.map((text) => frame(Buffer.from(text), Buffer.from(mask))));
        expect(textsOf(bytes)).to.deep.equal({ taken: bytes.length, texts });
      }),
    );
  });

  it("leaves what isn't ASCII where it is, and isn't misled by it afterwards", () => {
    const purchase = frame(Buffer.from("COMPRAR"), MASK);
    const accented = frame(Buffer.from("XYMé"), MASK);
    for (const next of ["XYMPRAR", "COMPRAR", "XYM", ""]) {
      expect(textsOf(purchase).texts).to.deep.equal(["COMPRAR"]);
      expect(textsOf(accented)).to.deep.equal({ taken: 0, texts: [] });
      expect(textsOf(frame(Buffer.from(next), MASK)).texts).to.deep.equal([next]);
    }
  });

  it("takes no byte of a frame that isn't whole", () => {
    const bytes = Buffer.concat([frame(Buffer.from("COMPRAR"), MASK), frame(Buffer.from("AJUDA"), MASK)]);
    for (let length = 13; length < bytes.length; length++) {
      expect(textsOf(bytes.subarray(0, length))).to.deep.equal({ taken: 13, texts: ["COMPRAR"] });
    }
  });
});
