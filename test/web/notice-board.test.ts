import { expect } from "chai";
import type { NoticeKind } from "../../src/protocol/messages.ts";
import { PAGE_LIMITS } from "../../web/limits.ts";
import { NoticeBoard } from "../../web/notice-board.ts";

/** What is on the banner after these notices, `gapMs` from one to the next. */
function shown(kinds: readonly NoticeKind[], gapMs = 0): NoticeKind[] {
  const board = new NoticeBoard();
  kinds.forEach((kind, i) => {
    board.pin({ type: "notice", kind, sale: "show", position: { epoch: 1, offset: i }, at: 0 }, i * gapMs);
  });
  return board.notices.map(({ kind }) => kind);
}

describe("the page's notice board", () => {
  it("replaces a notice by one that says the opposite", () => {
    expect(shown(["paused", "opened"])).to.deep.equal(["opened"]);
    expect(shown(["opened", "paused"])).to.deep.equal(["paused"]);
    expect(shown(["closed", "opened", "closed"])).to.deep.equal(["closed"]);
    expect(shown(["sold_out", "restocked"])).to.deep.equal(["restocked"]);
    expect(shown(["restocked", "sold_out"])).to.deep.equal(["sold_out"]);
  });

  it("loses no notice behind another that came with it", () => {
    expect(shown(["sold_out", "closed"])).to.deep.equal(["sold_out", "closed"]);
    expect(shown(["opened", "restocked"])).to.deep.equal(["opened", "restocked"]);
    expect(shown(["sold_out", "closed"], PAGE_LIMITS.noticeGroupMs)).to.deep.equal(["closed"]);
  });

  it("passes over a kind that it doesn't know: a newer server may have more", () => {
    const kinds = ["sold_out", "moved_indoors", "toString", "closed"] as NoticeKind[];
    expect(shown(kinds)).to.deep.equal(["sold_out", "closed"]);
  });

  it("takes down what was there long enough, but not that all is sold", () => {
    const board = new NoticeBoard();
    const position = { epoch: 1, offset: 1 };
    board.pin({ type: "notice", kind: "paused", sale: "show", position, at: 0 }, 0);
    board.expire(PAGE_LIMITS.noticeShownMs - 1);
    expect(board.notices).to.have.lengthOf(1);
    board.expire(PAGE_LIMITS.noticeShownMs);
    expect(board.notices).to.have.lengthOf(0);
    board.pin({ type: "notice", kind: "sold_out", sale: "show", position, at: 0 }, 0);
    board.expire(24 * 3_600_000);
    expect(board.notices).to.have.lengthOf(1);
  });
});
