/** `bilheteria journal cat` as a person or a script meets it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { created, purchased } from "../journal/events.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { askOrganiser, buy } from "../support/http-client.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { soldSale } from "../support/sold-sale.ts";
import { MAIN, openTestServer } from "../support/start-server.ts";

interface Line {
  readonly offset: number;
  readonly epoch: number;
  readonly event: SaleEvent;
}

function linesOf(output: string): Line[] {
  return output === "" ? [] : output.split("\n").map((line) => JSON.parse(line) as Line);
}

describe("bilheteria journal cat", function () {
  this.timeout(60_000);
  const sale = soldSale();
  let data: string;
  beforeEach(async () => {
    data = join(await temporaryDirectory(), "data");
    await cp(sale.path, data, { recursive: true });
  });

  it("prints each event on a line of its own, with its offset and epoch", async () => {
    const server = await openTestServer(["--data", data]);
    await buy(server.httpPort, "d");
    await server.stop();
    const { code, output, errors } = await runToEnd(["journal", "cat", "--data", data]);
    expect(code, errors).to.equal(0);
    const lines = linesOf(output);
    expect(lines.map(({ offset }) => offset)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(lines.map(({ epoch }) => epoch)).to.deep.equal([1, 1, 1, 1, 2]);
    expect(lines.map(({ event }) => event.type)).to.deep.equal([
      "sale_created",
      ...Array(4).fill("purchased"),
    ]);
    expect(lines[4]!.event).to.include({ key: "d" });
  });

  it("prints a part, from one offset to the one before another", async () => {
    for (const [flags, expected] of [
      [
        ["--from", "2"],
        [2, 3],
      ],
      [
        ["--to", "2"],
        [0, 1],
      ],
      [
        ["--from", "1", "--to", "3"],
        [1, 2],
      ],
      [["--from", "2", "--to", "2"], []],
      [["--from", "99"], []],
    ] as const) {
      const { code, output } = await runToEnd(["journal", "cat", "--data", data, ...flags]);
      expect(code).to.equal(0);
      expect(linesOf(output).map(({ offset }) => offset)).to.deep.equal(expected);
    }
  });

  it("prints the events of one sale", async () => {
    const server = await openTestServer(["--data", data]);
    await askOrganiser(server.httpPort, "POST", "/sales", { id: "other", title: "Other", capacity: 5 });
    await buy(server.httpPort, "x", {}, "other");
    await buy(server.httpPort, "y");
    await server.stop();
    const { output } = await runToEnd(["journal", "cat", "--data", data, "--sale", "other"]);
    expect(linesOf(output).map(({ offset, event }) => [offset, event.type])).to.deep.equal([
      [4, "sale_created"],
      [5, "purchased"],
    ]);
  });

  it("ends at the first damage with 4 and a message, after everything before it", async () => {
    const path = join(data, "journal", "0000000000000000.log");
    const bytes = await readFile(path);
    const third = bytes.indexOf("BILe", bytes.indexOf("BILe", bytes.indexOf("BILe") + 1) + 1);
    bytes[third + 50]! ^= 1;
    await writeFile(path, bytes);
    const { code, output, errors } = await runToEnd(["journal", "cat", "--data", data]);
    expect(code).to.equal(4);
    expect(linesOf(output).map(({ offset }) => offset)).to.deep.equal([0, 1]);
    expect(errors).to.contain(`${path} is damaged at byte ${third}`);
    const before = await runToEnd(["journal", "cat", "--data", data, "--to", "2"]);
    expect(before.code).to.equal(0);
  });

  it("prints what a server has answered, while it runs", async () => {
    const server = await openTestServer(["--data", data]);
    for (let n = 0; n < 5; n++) await buy(server.httpPort, `more-${n}`);
    const { code, output } = await runToEnd(["journal", "cat", "--data", data, "--from", "4"]);
    await server.stop();
    expect(code).to.equal(0);
    expect(linesOf(output)).to.have.length(5);
  });

  it("with a command line that makes no sense exits with 2", async () => {
    for (const [flags, complaint] of [
      [["--from", "-1"], "--from"],
      [["--from", "x"], "--from x: use a whole number"],
      [["--to", "1.5"], "--to 1.5"],
      [["--from", "5", "--to", "3"], "--to 3 is before --from 5"],
      [["--json"], "--json"],
    ] as const) {
      const { code, errors } = await runToEnd(["journal", "cat", "--data", data, ...flags]);
      expect(code, errors).to.equal(2);
      expect(errors).to.contain(complaint);
    }
  });
});

describe("bilheteria journal cat of a long journal", function () {
  this.timeout(120_000);
  const EVENTS = 120_000;
  let data: string;
  beforeEach(async () => {
    data = await temporaryDirectory();
    const parts = { directory: data, disk: nodeDisk, clock: systemClock, scheduler: systemScheduler };
    const { journal } = await openFileJournal({ ...parts, state: createBoxOffice(), lock: null, fold: null });
    for (let n = 0; n < EVENTS; n += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, i) => (n + i === 0 ? created() : purchased(n + i)));
      expect((await journal.append(batch)).kind).to.equal("durable");
    }
    await journal.close();
  });

  it("stops quietly with 0 when its reader has heard enough", async () => {
    const child = spawn(process.execPath, [MAIN, "journal", "cat", "--data", data], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    expect(first.toString()).to.match(/^{"offset":0,/);
    child.stdout.destroy();
    const [code] = (await once(child, "close")) as [number];
    expect(code).to.equal(0);
    expect(errors).to.equal("");
  });

  it("prints it to the end in less memory than the journal takes", async () => {
    const child = spawn(
      process.execPath,
      ["--max-old-space-size=24", "--max-semi-space-size=1", MAIN, "journal", "cat", "--data", data],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let bytes = 0;
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    });
    const [code] = (await once(child, "close")) as [number];
    expect(code).to.equal(0);
    expect(lines).to.equal(EVENTS);
    expect(bytes).to.be.above(20_000_000);
  });
});
