import { expect } from "chai";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { DiskFault, isGone } from "../../src/journal/fault.ts";
import { dump, history, purchased, SMALL, stateAfter } from "./events.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { appendEach, open, rejection, settle } from "./opened.ts";

const NEVER = new Promise<void>(() => undefined);

describe("journal: a disk that fails", () => {
  it("answers unknown when a write fails, and takes nothing afterwards", async () => {
    const { disk, journal } = await open();
    await appendEach(journal, history(3));
    await settle();
    const eio = systemError("EIO", "i/o error, write");
    disk.before = ({ kind }) => {
      if (kind === "write") throw eio;
    };
    const result = await journal.append([purchased(3)]);
    expect(result).to.deep.include({ kind: "unknown", cause: eio });
    expect(journal.health()).to.have.property("ok", false);
    disk.before = () => undefined;
    const calls = disk.calls;
    expect(await journal.append([purchased(3)])).to.equal(result);
    expect(disk.calls).to.equal(calls);
  });

  it("writes the rest when the disk takes only a part", async () => {
    const { disk, journal } = await open();
    disk.writeBytes = 100;
    await appendEach(journal, history(12));
    const again = await open(disk.afterPowerLoss(() => false));
    expect(dump(again.state)).to.deep.equal(dump(stateAfter(history(12))));
  });

  it("says how long a sync has been hanging, and is well again when it returns", async () => {
    const { disk, journal, time } = await open();
    await settle();
    let answer: () => void = () => undefined;
    disk.before = ({ kind }) =>
      kind === "write" ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    const appended = journal.append(history(1));
    time.pass(5_000);
    expect(journal.health()).to.deep.equal({ ok: true });
    time.pass(2_500);
    expect(journal.health()).to.deep.equal({ ok: false, why: "a sync has been hanging for 7 s" });
    disk.before = () => undefined;
    answer();
    expect((await appended).kind).to.equal("durable");
    expect(journal.health()).to.deep.equal({ ok: true });
  });

  it("takes what still fits when the disk is full, then has no room, and has it again by itself", async () => {
    const { disk, journal, notes, time } = await open();
    await settle();
    const full = ({ kind, path }: { kind: string; path: string }) => {
      // Space is made by lengthening; a write into space that is there needs none.
      if (kind === "truncate" || (kind === "open" && path.endsWith("spare.tmp")))
        throw systemError("ENOSPC", "no space left on device");
    };
    disk.before = full;
    const events = history(200);
    let taken = 0;
    while (journal.hasRoom()) {
      expect((await journal.append([events[taken]!])).kind).to.equal("durable");
      await settle();
      taken += 1;
    }
    expect(taken).to.be.within(2, 100);
    const health = journal.health();
    expect(health.ok ? "" : health.why).to.contain("ENOSPC");
    expect(notes.map(({ kind }) => kind)).to.deep.equal(["no_room"]);
    time.pass(SMALL.roomRetryMs);
    await settle();
    expect(journal.hasRoom()).to.equal(false);
    disk.before = () => undefined;
    time.pass(SMALL.roomRetryMs);
    await settle();
    expect(journal.hasRoom()).to.equal(true);
    expect(journal.health()).to.deep.equal({ ok: true });
    expect(notes.map(({ kind }) => kind)).to.deep.equal(["no_room", "room"]);
    await appendEach(journal, events.slice(taken));
    await journal.close();
    const { state } = await open(disk.afterPowerLoss(() => false));
    expect(dump(state)).to.deep.equal(dump(stateAfter(events)));
  });

  it("has room for the largest frame whenever it says so", async () => {
    const { disk, journal } = await open();
    disk.before = ({ kind }) => (kind === "truncate" ? NEVER : undefined);
    const long = "k".repeat(journal.maxAppendBytes - 200);
    for (let n = 0; journal.hasRoom(); n++) {
      const event = n === 0 ? history(1)[0]! : { ...purchased(n), key: long };
      expect((await journal.append([event as ReturnType<typeof purchased>])).kind).to.equal("durable");
    }
  });

  it("has room for the largest frame behind one in flight whenever it says so", async () => {
    let behind = 0;
    let rolled = 0;
    for (let filled = 0; filled < 40; filled++) {
      const { disk, journal } = await open();
      const events = history(filled * 8 + 1);
      await appendEach(journal, events);
      await settle();
      const before = journal.segment;
      disk.before = ({ kind }) => (kind === "truncate" ? NEVER : undefined);
      const most = journal.maxAppendBytes - 200;
      const long = (n: number, length: number): SaleEvent =>
        ({ ...purchased(n), key: "k".repeat(length) }) as SaleEvent;
      for (let n = events.length; journal.hasRoom(); n += 2) {
        const appended = journal.append([long(n, 1 + ((n * 97 + filled * 131) % most))]);
        const has = journal.hasRoom();
        expect((await appended).kind).to.equal("durable");
        if (!has) continue;
        behind += 1;
        expect((await journal.append([long(n + 1, most)])).kind).to.equal("durable");
      }
      if (journal.segment !== before) rolled += 1;
    }
    expect(behind).to.be.greaterThan(15);
    expect(rolled).to.be.greaterThan(3);
  });

  it("doesn't wait with an append that fits for space that is being made", async () => {
    const { disk, journal } = await open();
    disk.before = ({ kind }) => (kind === "truncate" ? NEVER : undefined);
    expect((await journal.append(history(1))).kind).to.equal("durable");
  });

  it("takes nothing into a new segment once another directory has the name of its own", async () => {
    let inode = 1;
    const disk = Object.assign(new MemoryDisk(), { identity: () => Promise.resolve(String(inode)) });
    const { journal } = await open(disk);
    await settle();
    const events = history(400);
    let at = 0;
    while (journal.segment.endsWith("0000000000000000.log")) {
      expect((await journal.append([events[at++]!])).kind).to.equal("durable");
    }
    const segment = journal.segment;
    inode = 2;
    let result = await journal.append([events[at++]!]);
    while (result.kind === "durable") result = await journal.append([events[at++]!]);
    expect(result).to.have.property("kind", "unknown");
    expect(result).to.have.property("message").that.includes("/data/journal is another directory now");
    expect(result).to.have.property("cause").that.satisfies(isGone);
    expect(journal.segment).to.equal(segment);
  });

  it("tells a directory that went away from a disk that fails", () => {
    for (const code of ["ENOENT", "ENOTDIR"])
      expect(isGone(systemError(code, "rename")), code).to.equal(true);
    for (const other of [systemError("EIO", "write"), new Error("ENOENT"), null]) {
      expect(isGone(other)).to.equal(false);
    }
  });

  it("stops trying to make space once it is closed", async () => {
    const { disk, journal, time } = await open();
    await settle();
    disk.before = ({ kind }) => {
      if (kind === "truncate") throw systemError("ENOSPC", "no space left on device");
    };
    await appendEach(journal, history(4));
    await settle();
    expect(time.timers).to.equal(1);
    await journal.close();
    expect(time.timers).to.equal(0);
  });

  it("refuses events that don't fit in one frame, and writes nothing of them", async () => {
    const { disk, journal } = await open();
    await settle();
    const calls = disk.calls;
    const result = await journal.append(history(20));
    expect(result).to.have.property("kind", "unknown");
    expect(disk.calls).to.equal(calls);
  });

  for (const [code, expected] of [
    ["EACCES", "DISK_DENIED"],
    ["ENOSPC", "DISK_FULL"],
    ["EROFS", "DISK_READ_ONLY"],
    ["EMFILE", "TOO_MANY_FILES"],
    ["EIO", "DISK_FAILED"],
  ] as const) {
    it(`turns ${code} at the start into ${expected}, which names the directory and says what to do`, async () => {
      const disk = new MemoryDisk();
      disk.before = () => {
        throw systemError(code, "the system's words");
      };
      const error = await rejection(open(disk));
      expect(error).to.be.instanceOf(DiskFault).and.to.have.property("code", expected);
      expect(error.message).to.contain("/data").and.to.contain("the system's words");
    });
  }
});
