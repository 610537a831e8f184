import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { systemScheduler } from "../../src/engine/system.ts";
import { watchDirectory } from "../../src/journal/directory-watch.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { cleanup } from "../support/cleanup.ts";
import { eventually } from "../support/inbox.ts";

/** A directory with two segments, watched; `looks` counts how often the segment was asked for. */
async function watched() {
  const path = await mkdtemp(join(tmpdir(), "watch-"));
  const journal = join(path, "journal");
  await mkdir(journal);
  const segments = ["0000000000000000.log", "0000000000000120.log"].map((name) => join(journal, name));
  for (const segment of segments) await writeFile(segment, segment);
  const told: string[] = [];
  const state = { open: segments[0]!, looks: 0 };
  const watch = watchDirectory({
    disk: nodeDisk,
    path,
    segment: () => {
      state.looks += 1;
      return state.open;
    },
    everyMs: 5,
    scheduler: systemScheduler,
    onGone: (why) => told.push(why),
  });
  cleanup(async () => {
    watch.cancel();
    await rm(path, { recursive: true, force: true });
  });
  const looksAgain = async (): Promise<void> => {
    const { looks } = state;
    await eventually(() => state.looks > looks + 2, "it looks again");
  };
  await looksAgain();
  return { path, journal, segments, told, state, watch, looksAgain };
}

describe("journal: the watch over its directory", () => {
  it("says nothing while all is well, also when the next segment is written to", async () => {
    const { told, state, segments, looksAgain } = await watched();
    state.open = segments[1]!;
    await looksAgain();
    await rm(segments[0]!);
    await looksAgain();
    expect(told).to.deep.equal([]);
  });

  it("leaves to the writes what it can't look at, and goes on looking", async () => {
    const { told, state, journal, looksAgain } = await watched();
    const loop = join(journal, "loop");
    await symlink("loop", loop);
    // A path that leads in a circle, and one that is none.
    for (const path of [loop, "\0"]) {
      state.open = path;
      await looksAgain();
    }
    expect(told).to.deep.equal([]);
  });

  it("says nothing any more once it is cancelled, not even of what it was looking at", async () => {
    const { path, segments, told, state } = await watched();
    const own = { looks: 0 };
    const watch = watchDirectory({
      path,
      disk: nodeDisk,
      segment: () => {
        own.looks += 1;
        return join(path, "gone");
      },
      everyMs: 1,
      scheduler: systemScheduler,
      onGone: (why) => told.push(why),
    });
    watch.cancel();
    await eventually(() => state.looks > 10, "the other one looks on");
    expect(own.looks).to.equal(1);
    expect(told).to.deep.equal([]);
    expect(segments).to.have.length(2);
  });

  it("tells once that the open segment was deleted", async () => {
    const { told, segments, state } = await watched();
    await rm(segments[0]!);
    await eventually(() => told.length > 0, "it is told");
    const { looks } = state;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told).to.have.length(1);
    expect(state.looks).to.equal(looks);
    expect(told[0])
      .to.include(`${segments[0]} isn't there any more`)
      .and.include("Put the data directory back");
  });

  it("tells that the open segment is another file", async () => {
    const { told, segments } = await watched();
    await writeFile(`${segments[0]}.new`, "x");
    await rename(`${segments[0]}.new`, segments[0]!);
    await eventually(() => told.length > 0, "it is told");
    expect(told[0]).to.include(`${segments[0]} is another file now`);
  });

  it("tells that the directory is another one, whatever is in it, or a file", async () => {
    const { told, path, journal } = await watched();
    await mkdir(`${path}/copy`);
    await rename(journal, `${path}/moved`);
    await rename(`${path}/copy`, journal);
    await eventually(() => told.length > 0, "it is told");
    // Whichever name it looked at first after the directory had gone.
    expect(told[0]).to.match(/(journal|\.log) (is another file now|isn't there any more)/);
    const other = await watched();
    await rename(other.journal, `${other.path}/moved`);
    await writeFile(other.journal, "a file");
    await eventually(() => other.told.length > 0, "it is told");
  });

  it("says nothing once it is cancelled", async () => {
    const { told, watch, path } = await watched();
    watch.cancel();
    await rm(path, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told).to.deep.equal([]);
  });
});
