import { expect } from "chai";
import * as fc from "fast-check";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { Draft } from "../../src/journal/draft.ts";
import { FRAME_HEADER_BYTES, hasSoundPayload, readFrameHeader } from "../../src/journal/frame.ts";
import { parseFrame } from "../../src/journal/frame-reader.ts";
import { history, purchased } from "./events.ts";

const BEFORE = Buffer.alloc(16, 7);

/** Seals what was finished. */
function sealed(draft: Draft, events: readonly SaleEvent[]): Buffer {
  const bytes = draft.finish(events);
  if (bytes === null) throw new Error("it doesn't fit");
  return draft.seal(bytes, 3, events.length, BEFORE);
}

describe("journal: a draft", () => {
  it("makes the same frame however often it is told of a batch that grows", () => {
    const whole = history(12);
    const cuts = fc.array(fc.nat({ max: 4 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(cuts, { minLength: 1, maxLength: 4 }), (batches) => {
        const draft = new Draft(16_384);
        for (const cuts of batches) {
          const events: SaleEvent[] = [];
          for (const cut of cuts) {
            events.push(...whole.slice(events.length, events.length + cut));
            draft.write(events);
          }
          events.push(...whole.slice(events.length));
          const frame = Buffer.from(sealed(draft, events));
          expect(parseFrame(frame)).to.deep.equal(whole);
          expect(hasSoundPayload(frame)).to.equal(true);
          expect(readFrameHeader(frame, 0)).to.include({ bytes: frame.length, offset: 3, count: 12 });
          expect(frame.equals(sealed(new Draft(16_384), whole))).to.equal(true);
        }
      }),
    );
  });

  it("forgets a batch for another, also for one of the same array", () => {
    const draft = new Draft(4_096);
    draft.write([purchased(1), purchased(2)]);
    const events = [purchased(3)];
    expect(parseFrame(sealed(draft, events))).to.deep.equal([purchased(3)]);
    expect(parseFrame(sealed(draft, events))).to.deep.equal([purchased(3)]);
  });

  it("leaves the frame that was sealed last as it is while the next is written", () => {
    const draft = new Draft(4_096);
    const first = sealed(draft, [purchased(1)]);
    const copy = Buffer.from(first);
    draft.write([purchased(2), purchased(3)]);
    expect(first.equals(copy)).to.equal(true);
  });

  it("may be told of the next batch before the one that was finished is sealed", () => {
    const draft = new Draft(4_096);
    const bytes = draft.finish([purchased(1)])!;
    const next = [purchased(2)];
    draft.write(next);
    expect(parseFrame(draft.seal(bytes, 0, 1, BEFORE))).to.deep.equal([purchased(1)]);
    expect(parseFrame(sealed(draft, next))).to.deep.equal(next);
  });

  it("says of a batch that has outgrown a frame that it doesn't fit, and takes the next one", () => {
    const most = JSON.stringify([purchased(1), purchased(2)]).length + 1 + FRAME_HEADER_BYTES;
    const draft = new Draft(most);
    const events = [purchased(1), purchased(2)];
    expect(draft.finish(events)).to.equal(most);
    const grown = [purchased(1)];
    draft.write(grown);
    grown.push(purchased(2), purchased(3));
    draft.write(grown);
    grown.push(purchased(4));
    expect(draft.finish(grown)).to.equal(null);
    expect(parseFrame(sealed(draft, events))).to.deep.equal(events);
  });
});
