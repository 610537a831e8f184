import { expect } from "chai";
import { DataDirectory } from "../../src/journal/data-directory.ts";
import type { FoldJob, Folded } from "../../src/journal/fold-job.ts";
import type { FoldRunner } from "../../src/journal/fold-runner.ts";
import { SnapshotKeeper } from "../../src/journal/snapshot-keeper.ts";
import { SMALL } from "./events.ts";
import { DIRECTORY, settle } from "./opened.ts";

describe("journal: when a snapshot is due", () => {
  /** A keeper whose snapshots are as long as `lengthAt` says, by the offset that they end at. */
  function keeperOf(lengthAt: (upTo: number) => number, newestBytes = 0) {
    const folded: number[] = [];
    const fold: FoldRunner = {
      snapshot: ({ upTo }: FoldJob) => {
        folded.push(upTo);
        const result: Folded = { path: "x", bytes: lengthAt(upTo), purchases: upTo };
        return { result: Promise.resolve(result), cancel: () => Promise.resolve() };
      },
      recount: () => {
        throw new Error("nobody asked for it");
      },
    };
    const keeper = new SnapshotKeeper({
      directory: new DataDirectory(DIRECTORY),
      limits: { ...SMALL, snapshotEveryBytes: 100 },
      newestBytes,
      fold,
      onNote: () => undefined,
    });
    let offset = 0;
    const seal = async (bytes: number): Promise<void> => {
      keeper.sealed((offset += bytes), bytes);
      await settle();
    };
    return { seal, folded };
  }

  it("the first is after as much sealed journal as the limit says", async () => {
    const { seal, folded } = keeperOf(() => 1);
    await seal(60);
    await seal(39);
    expect(folded).to.deep.equal([]);
    await seal(1);
    expect(folded).to.deep.equal([100]);
  });

  it("one after a short one is due at the limit again", async () => {
    const { seal, folded } = keeperOf(() => 1);
    await seal(130);
    await seal(99);
    expect(folded).to.deep.equal([130]);
    await seal(1);
    expect(folded).to.deep.equal([130, 230]);
  });

  it("one after a long one is due when as much journal follows as that one is long", async () => {
    const { seal, folded } = keeperOf(() => 250);
    await seal(100);
    await seal(249);
    expect(folded).to.deep.equal([100]);
    await seal(1);
    expect(folded).to.deep.equal([100, 350]);
  });

  it("one after a start is held against the one that the start found", async () => {
    const { seal, folded } = keeperOf(() => 1, 500);
    await seal(499);
    expect(folded).to.deep.equal([]);
    await seal(1);
    expect(folded).to.deep.equal([500]);
  });

  it("all together write no more than twice the journal, however long it grows", async () => {
    let written = 0;
    const { seal } = keeperOf((upTo) => {
      written += upTo;
      return upTo;
    });
    for (let n = 1; n <= 200; n++) {
      await seal(64);
      expect(written).to.be.at.most(2 * 64 * n);
    }
    expect(written).to.be.above(64 * 100);
  });
});
