import { expect } from "chai";
import * as fc from "fast-check";
import { NoticeLog } from "../../src/broadcast/notice-log.ts";
import type { NoticeMessage } from "../../src/protocol/messages.ts";

function notice(offset: number): NoticeMessage {
  return { type: "notice", kind: "opened", sale: "gala", position: { epoch: 1, offset }, at: 1 };
}

describe("broadcast: the log of notices", () => {
  it("numbers notices from zero without gaps and keeps the newest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.nat({ max: 30 }), (capacity, count) => {
        const log = new NoticeLog(capacity);
        for (let i = 0; i < count; i++) log.add(notice(i * 3));
        expect(log.end).to.equal(count);
        expect(log.first).to.equal(Math.max(0, count - capacity));
        for (let sequence = -1; sequence <= count; sequence++) {
          const kept = sequence >= log.first && sequence < log.end;
          expect(log.at(sequence)?.position.offset).to.equal(kept ? sequence * 3 : undefined);
        }
      }),
    );
  });

  it("finds what came after an offset and before a number: the newest so many, oldest first", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 20 }),
        fc.nat({ max: 70 }),
        fc.nat({ max: 25 }),
        fc.integer({ min: 1, max: 6 }),
        (count, offset, before, limit) => {
          const log = new NoticeLog(8);
          for (let i = 0; i < count; i++) log.add(notice(i * 3));
          const expected: number[] = [];
          for (let i = Math.max(0, count - 8); i < Math.min(count, before); i++) {
            if (i * 3 > offset) expected.push(i * 3);
          }
          const found = log.since(offset, before, limit).map(({ position }) => position.offset);
          expect(found).to.deep.equal(expected.slice(-limit));
        },
      ),
    );
  });
});
