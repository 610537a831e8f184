/** `bilheteria verify` as a person or a script meets it. */
import { cp, lstat, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { needStrace } from "../crashes/tools.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { buy } from "../support/http-client.ts";
import { within } from "../support/inbox.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { soldSale } from "../support/sold-sale.ts";
import { runBilheteria, spawnServer } from "../support/start-server.ts";
import { parseStrace } from "../support/system-calls.ts";

const SEGMENT = "journal/0000000000000000.log";

describe("bilheteria verify", function () {
  this.timeout(60_000);
  const sale = soldSale();
  let data: string;
  beforeEach(async () => {
    data = join(await temporaryDirectory(), "data");
    await cp(sale.path, data, { recursive: true, preserveTimestamps: true });
  });

  async function damage(at: number): Promise<void> {
    const path = join(data, SEGMENT);
    const bytes = await readFile(path);
    bytes[at]! ^= 4;
    await writeFile(path, bytes);
  }

  it("of a sound directory exits with 0, and tells the books", async () => {
    const { code, output, errors } = await runToEnd(["verify", "--data", data]);
    expect(code, errors).to.equal(0);
    expect(output).to.contain(`SOUND  ${data}`).and.to.contain("1 segment, 4 events, epoch 1");
    expect(output).to.contain("capacity 10 = 7 available + 0 held + 3 sold, 3 tickets, balanced");
    expect(output).to.contain("A server would start on it");
  });

  it("of a damaged one exits with 4, and names file, byte and what to do", async () => {
    await damage(600);
    const { code, output } = await runToEnd(["verify", "--data", data]);
    expect(code).to.equal(4);
    expect(output).to.contain(`DAMAGED  ${join(data, SEGMENT)}, byte 512`);
    expect(output).to.contain("bilheteria restore").and.to.contain("refuses to start");
    const json = await runToEnd(["verify", "--json"], { env: { DATA_DIR: data } });
    expect(json.code).to.equal(4);
    const report = JSON.parse(json.output) as { findings: object[] };
    expect(report).to.include({ sound: false, starts: false, live: null, directory: data });
    expect(report.findings).to.have.length(1);
    expect(report.findings[0]).to.include({ kind: "journal", file: join(data, SEGMENT), offset: 512 });
    expect(report.findings[0]).to.have.property("advice");
  });

  it("tells by its exit code what it found, and nothing else, when nobody reads any more", async () => {
    for (const expected of [0, 4]) {
      const { child, exit, errors } = runBilheteria(["verify", "--json", "--data", data]);
      child.stdout?.destroy();
      expect(await within(exit, "it ends"), errors()).to.equal(expected);
      expect(errors()).to.equal("");
      await damage(600);
    }
  });

  it("of a damaged snapshot says that it may be deleted, and after that all is sound", async () => {
    const snapshot = join(data, "snapshots", "0000000000000000.snap");
    await writeFile(snapshot, "nonsense");
    const { code, output } = await runToEnd(["verify", "--data", data]);
    expect(code).to.equal(4);
    expect(output).to.contain(`${snapshot}, byte 0`).and.to.contain("Delete this file");
    expect(output).to.contain("A server would start on it").and.to.contain("1 bad");
    await rm(snapshot);
    expect((await runToEnd(["verify", "--data", data])).code).to.equal(0);
  });

  it("of a backup says that it is one", async () => {
    const backup = join(data, "..", "backup");
    await runToEnd(["backup", "--data", data, "--to", backup]);
    const { code, output } = await runToEnd(["verify", "--data", backup]);
    expect(code).to.equal(0);
    expect(output).to.contain(`It is a backup. To sell from it: bilheteria restore --from ${backup}`);
    await writeFile(join(backup, "BACKUP"), "nonsense");
    const damaged = await runToEnd(["verify", "--data", backup]);
    expect(damaged.code).to.equal(4);
    expect(damaged.output)
      .to.contain(`${join(backup, "BACKUP")}, byte 0`)
      .and.to.contain("another backup");
  });

  it("beside a server that sells says whose it is, and disturbs nobody", async () => {
    const server = await spawnServer(["--data", data]);
    await buy(server.httpPort, "d");
    const { code, output, errors } = await runToEnd(["verify", "--data", data]);
    expect(code, errors).to.equal(0);
    expect(output).to.contain(`A server is running: process ${server.pid} has had it open since`);
    expect(output).to.contain("What was answered before this began was checked");
    expect(output).to.contain("6 available + 0 held + 4 sold");
    const json = await runToEnd(["verify", "--data", data, "--json"]);
    expect(JSON.parse(json.output)).to.deep.include({ starts: null, sound: true });
    expect((await buy(server.httpPort, "e")).status).to.equal(201);
  });

  it("without a journal, or without the directory, exits with 3 and makes nothing", async () => {
    const cwd = await temporaryDirectory();
    const missing = await runToEnd(["verify"], { cwd });
    expect(missing.code).to.equal(3);
    expect(missing.errors).to.match(/^bilheteria: the data directory \.\/data [^\n]+\n$/);
    expect(await readdir(cwd)).to.deep.equal([]);
    const empty = await runToEnd(["verify", "--data", cwd], { cwd });
    expect(empty.code).to.equal(3);
    expect(empty.errors).to.contain("holds no journal");
    expect(await readdir(cwd)).to.deep.equal([]);
  });

  it("leaves every file, name and time as it was, damaged or not", async () => {
    await writeFile(join(data, "journal", "0000000000000000.log.tmp"), "unfinished");
    for (const isDamaged of [false, true]) {
      if (isDamaged) await damage(700);
      const before = await lookOf(data);
      const { code } = await runToEnd(["verify", "--data", data]);
      expect(code).to.equal(isDamaged ? 4 : 0);
      expect(await lookOf(data)).to.deep.equal(before);
    }
  });

  it("asks the system for nothing that could change a directory", async function () {
    needStrace(this);
    const log = join(data, "..", "trace");
    const wrapper = ["strace", "-f", "-e", "trace=%file,%desc,%network", "-o", log];
    const { code } = await runToEnd(["verify", "--data", data], { wrapper });
    expect(code).to.equal(0);
    const calls = parseStrace(await readFile(log, "utf8")).filter(({ when }) => when === "end");
    const opened = calls.filter(({ name, args }) => /^open(at)?$/.test(name) && args.includes(data));
    expect(opened.length).to.be.above(2);
    for (const { args } of opened) expect(args).to.not.match(/O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/);
    const changing = calls.filter(
      ({ name, args }) =>
        /^(unlink|rename|mkdir|rmdir|truncate|ftruncate|chmod|fchmod|chown|utime|link|symlink|creat|fallocate)/.test(
          name,
        ) &&
        (args.includes(data) || /^(ftruncate|fallocate)$/.test(name)),
    );
    expect(changing.map(({ name, args }) => `${name}(${args})`)).to.deep.equal([]);
    expect(calls.some(({ name }) => name === "bind" || name === "listen")).to.equal(false);
  });
});

/** Everything that somebody could notice of a directory's contents, but when it was read. */
async function lookOf(path: string): Promise<unknown> {
  const names = (await readdir(path, { recursive: true })).sort();
  return Promise.all(
    ["", ...names].map(async (name) => {
      const { ino, mode, size, mtimeNs, ctimeNs, nlink } = await lstat(join(path, name), { bigint: true });
      return [name, ino, mode, size, mtimeNs, ctimeNs, nlink].map(String);
    }),
  );
}
