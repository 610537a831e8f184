/** A backup of a sale that is going on, and what becomes of it: the real program, the real disk, a crowd that goes on buying. */
import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { LIMITS } from "../../src/limits.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { audit, buy } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { soldSale } from "../support/sold-sale.ts";
import { spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { JsonClient, type Json } from "../support/ws-client.ts";

const STOCK = 1_000_000;

describe("a backup while a crowd buys", function () {
  this.timeout(120_000);

  it("holds every purchase that was answered before it began, and starts with balanced books", async () => {
    const place = await temporaryDirectory();
    const [data, early, late] = ["data", "early", "late"].map((name) => join(place, name)) as [
      string,
      string,
      string,
    ];
    const server = await start(data);
    const crowd = new Crowd();
    const running = await crowd.buyAt(server.httpPort);
    const backups: { readonly path: string; readonly answered: ReadonlyMap<string, Json> }[] = [];
    for (const path of [early, late]) {
      const before = crowd.receipts.size;
      await eventually(() => crowd.receipts.size > before + 150, "the crowd buys");
      const answered = new Map(crowd.receipts);
      const { code, errors } = await runToEnd(["backup", "--data", data, "--to", path]);
      expect(code, errors).to.equal(0);
      expect(crowd.receipts.size, "the crowd went on meanwhile").to.be.above(answered.size);
      backups.push({ path, answered });
    }
    server.kill("SIGKILL");
    await Promise.all(running);
    for (const { path, answered } of backups) await expectHolds(path, answered, `${path}-restored`, crowd);
  });
});

async function expectHolds(
  backup: string,
  answered: ReadonlyMap<string, Json>,
  data: string,
  crowd: Crowd,
): Promise<void> {
  const { code, output, errors } = await runToEnd(["restore", "--from", backup, "--data", data]);
  expect(code, errors).to.equal(0);
  const epoch = Number(/goes on with epoch (\d+)/.exec(output)?.[1]);
  expect(epoch).to.be.above(LIMITS.restore.leastEpochJump);
  expect((await runToEnd(["verify", "--data", data])).code).to.equal(0);
  const server = await start(data);
  const books = await audit(server.httpPort);
  expect(books).to.include({ capacity: STOCK, balanced: true });
  expect(books["sold"]).to.be.at.least(answered.size);
  for (const [key, receipt] of answered) {
    expect((await buy(server.httpPort, key)).json()).to.deep.equal(receipt);
  }
  // What was answered later is unknown or the same; what is bought now stands in another epoch.
  const later = [...crowd.receipts].filter(([key]) => !answered.has(key)).slice(-20);
  expect(later).to.not.be.empty;
  for (const [key, receipt] of later) {
    const again = (await buy(server.httpPort, key)).json();
    const { position } = again as { position: { epoch: number } };
    if (position.epoch === epoch) expect(again["position"]).to.not.deep.equal(receipt["position"]);
    else expect(again).to.deep.equal(receipt);
  }
  const [fresh] = (await buy(server.httpPort, "after-the-restore")).json()["tickets"] as Json[];
  expect(fresh).to.have.property("code");
  expect(await audit(server.httpPort)).to.include({ balanced: true });
  server.kill("SIGKILL");
  await server.exit;
}

/** Eight buyers that buy as fast as they are answered until the server is gone. */
class Crowd {
  readonly receipts = new Map<string, Json>();

  async buyAt(port: number): Promise<Promise<void>[]> {
    const buyers = await Promise.all(Array.from({ length: 8 }, () => JsonClient.connect(port)));
    return buyers.map(async (buyer, i) => {
      for (let n = 1; ; n++) {
        const key = `b${i}-${n}`;
        try {
          buyer.say({ type: "buy", id: key, quantity: 1 });
          this.receipts.set(key, await buyer.untilType("receipt"));
        } catch {
          return;
        }
      }
    });
  }
}

function start(data: string): Promise<ListeningProcess> {
  return spawnServer(["--data", data, "--stock", String(STOCK), "--rate-limit", "0", "--no-command-log"]);
}

describe("backup and restore", function () {
  this.timeout(60_000);
  const sale = soldSale();
  let place: string;
  let data: string;
  beforeEach(async () => {
    place = await temporaryDirectory();
    data = join(place, "data");
    await cp(sale.path, data, { recursive: true });
    await writeFile(join(data, "admin-token"), "the-token-of-the-original\n", { mode: 0o600 });
  });

  it("leave the organiser's token behind unless told otherwise", async () => {
    const [without, withToken] = [join(place, "without"), join(place, "with")];
    expect((await runToEnd(["backup", "--data", data, "--to", without])).code).to.equal(0);
    expect(await readdir(without)).to.have.members(["BACKUP", "journal", "snapshots"]);
    const asked = await runToEnd(["backup", "--data", data, "--to", withToken, "--with-token"]);
    expect(asked.output).to.contain("the organiser's token");
    const restored = join(place, "restored");
    await runToEnd(["restore", "--from", withToken, "--data", restored]);
    expect(await readFile(join(restored, "admin-token"), "utf8")).to.equal("the-token-of-the-original\n");
    expect((await stat(join(restored, "admin-token"))).mode & 0o777).to.equal(0o600);
    await rm(join(data, "admin-token"));
    const none = await runToEnd(["backup", "--data", data, "--to", join(place, "none"), "--with-token"]);
    expect(none.code).to.equal(0);
    expect(none.errors).to.contain("has no organiser's token");
  });

  it("leave address-key behind unless told otherwise, and say what that means", async () => {
    const key = `${"k".repeat(43)}\n`;
    await writeFile(join(data, "address-key"), key, { mode: 0o600 });
    const [without, withKey] = [join(place, "without"), join(place, "with")];
    const silent = await runToEnd(["backup", "--data", data, "--to", without]);
    expect(silent.code).to.equal(0);
    expect(silent.errors).to.match(/^bilheteria: [^\n]*address-key[^\n]*buy again[^\n]*\n$/);
    expect(await readdir(without)).to.have.members(["BACKUP", "journal", "snapshots"]);
    const asked = await runToEnd(["backup", "--data", data, "--to", withKey, "--with-address-key"]);
    expect(asked.errors).to.equal("");
    expect(asked.output).to.contain("address-key");
    const restored = await runToEnd(["restore", "--from", withKey, "--data", join(place, "restored")]);
    expect(restored.output).to.contain("address-key");
    expect(await readFile(join(place, "restored", "address-key"), "utf8")).to.equal(key);
    expect((await stat(join(place, "restored", "address-key"))).mode & 0o777).to.equal(0o600);
    await rm(join(data, "address-key"));
    const flags = ["--with-address-key", "--with-token"];
    const none = await runToEnd(["backup", "--data", data, "--to", join(place, "none"), ...flags]);
    expect(none.code).to.equal(0);
    expect(none.errors).to.match(/^bilheteria: [^\n]* has no address-key to copy\n$/);
  });

  it("are readable by the owner alone", async () => {
    const target = join(place, "backup");
    await runToEnd(["backup", "--data", data, "--to", target]);
    expect((await stat(target)).mode & 0o777).to.equal(0o700);
    for (const name of await readdir(target, { recursive: true })) {
      expect((await stat(join(target, name))).mode & 0o077, name).to.equal(0);
    }
  });

  it("never overwrite: a target that isn't empty, and a directory with a sale, exit with 3", async () => {
    const target = join(place, "backup");
    expect((await runToEnd(["backup", "--data", data, "--to", target])).code).to.equal(0);
    const again = await runToEnd(["backup", "--data", data, "--to", target]);
    expect(again.code).to.equal(3);
    expect(again.errors).to.contain("isn't empty");
    const over = await runToEnd(["restore", "--from", target, "--data", data]);
    expect(over.code).to.equal(3);
    expect(over.errors).to.contain(`${data} has journal already`);
  });

  it("refuse a data directory that a server has open, and a server refuses a backup", async () => {
    const target = join(place, "backup");
    await runToEnd(["backup", "--data", data, "--to", target]);
    const server = await spawnServer(["--data", data]);
    const over = await runToEnd(["restore", "--from", target, "--data", data]);
    expect(over.code).to.equal(3);
    expect(over.errors).to.contain(`in use by process ${server.pid}`);
    for (const flags of [[], ["--fresh"]]) {
      const sold = await runToEnd(["serve", "--port", "0", "--tcp-port", "0", "--data", target, ...flags]);
      expect(sold.code).to.equal(3);
      expect(sold.errors).to.contain(`restore --from ${target}`);
    }
    expect(await readdir(target)).to.have.members(["BACKUP", "journal", "snapshots"]);
  });

  it("of damage exit with 4 and name the file", async () => {
    const target = join(place, "backup");
    await runToEnd(["backup", "--data", data, "--to", target]);
    const segment = join(target, "journal", "0000000000000000.log");
    const bytes = await readFile(segment);
    bytes[600]! ^= 1;
    await writeFile(segment, bytes);
    const restored = await runToEnd(["restore", "--from", target, "--data", join(place, "restored")]);
    expect(restored.code).to.equal(4);
    expect(restored.errors).to.contain(`${segment} is damaged at byte 512`);
    await writeFile(join(data, "journal", "0000000000000000.log"), bytes);
    const backedUp = await runToEnd(["backup", "--data", data, "--to", join(place, "other")]);
    expect(backedUp.code).to.equal(4);
    expect(await readdir(place)).to.not.include("other");
  });

  it("name the directory that can't be used, be it the one that is read or the one that is written", async () => {
    const file = join(place, "file");
    await writeFile(file, "");
    const written = await runToEnd(["backup", "--data", data, "--to", file]);
    expect(written.code).to.equal(3);
    expect(written.errors).to.contain(`the backup ${file} can't be used: it isn't a directory`);
    const read = await runToEnd(["restore", "--from", file, "--data", join(place, "restored")]);
    expect(read.code).to.equal(3);
    expect(read.errors).to.contain(`the backup ${file} can't be used: it isn't a directory`);
  });

  it("with a command line that makes no sense exit with 2", async () => {
    for (const [words, complaint] of [
      [["backup", "--data", data], "--to is missing"],
      [["backup", "--data", data, "--to", join(data, "backup")], "would be lost with it"],
      [["backup", "--data", data, "--to", data], "would be lost with it"],
      [["restore", "--data", data], "--from is missing"],
      [["restore", "--from", data, "--data", data], "never sold from"],
      [["restore", "--from"], "--from"],
      [["backup", "--to", "x", "y"], "y"],
    ] as const) {
      const { code, errors } = await runToEnd(words);
      expect(code, errors).to.equal(2);
      expect(errors)
        .to.contain(complaint)
        .and.match(/^bilheteria: [^\n]+\n$/);
    }
  });

  it("says so where there is nothing to copy, or no backup", async () => {
    const empty = join(place, "empty");
    expect((await runToEnd(["backup", "--data", empty, "--to", join(place, "x")])).code).to.equal(3);
    const restored = await runToEnd(["restore", "--from", data, "--data", join(place, "y")]);
    expect(restored.code).to.equal(3);
    expect(restored.errors).to.contain("holds no finished backup");
  });
});
