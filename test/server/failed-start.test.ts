/** A start that fails leaves the data directory as it was, so that the next one does what it would have done. */
import { createServer } from "node:net";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadedFirst } from "../crashes/loaded-first.ts";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask } from "../support/http-client.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { portsOf, runBilheteria, spawnServer } from "../support/start-server.ts";

const PAST = "2020-01-01T00:00Z";
const LOOPBACK = ["--host", "127.0.0.1"] as const;

/** A port that somebody else listens on. */
async function takenPort(): Promise<string> {
  const server = createServer().listen({ port: 0, host: "127.0.0.1" });
  cleanup(() => server.close());
  await once(server, "listening");
  return String((server.address() as { port: number }).port);
}

/** A port that nobody listens on. */
async function freePort(): Promise<string> {
  const server = createServer().listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return String(port);
}

/** A data directory in which a sale of ten tickets stands. */
async function soldBefore(): Promise<string> {
  const data = await temporaryDirectory();
  const server = await spawnServer(["--data", data]);
  server.kill("SIGTERM");
  await server.exit;
  return data;
}

describe("a start that fails", function () {
  this.timeout(60_000);

  for (const workers of ["0", "2"]) {
    for (const [flag, other] of [
      ["--port", "--tcp-port"],
      ["--tcp-port", "--port"],
    ] as const) {
      it(`because of ${flag} makes no sale and no token, with --workers ${workers}`, async () => {
        const data = await temporaryDirectory();
        const words = ["serve", ...LOOPBACK, "--workers", workers, "--data", data, other, "0", flag];
        const opening = ["--stock", "500", "--opens-at", "+10m"];
        const { code, errors } = await runToEnd([...words, await takenPort(), ...opening]);
        expect(code, errors).to.equal(3);
        expect(errors).to.match(new RegExp(`port \\d+ is taken by another program.*${flag} `));
        expect(await readdir(data)).to.deep.equal([]);
        const { httpPort, listening } = await spawnServer(["--data", data, "--stock", "100"]);
        expect(listening).to.not.have.property("ignored");
        const sale = (await ask(httpPort, "GET", "/api/sales/default")).json();
        expect(sale).to.include({ capacity: 100, state: "open" });
      });
    }
  }

  for (const [workers, TAKEN_WITH] of [
    ["0", "event"],
    ["2", "event"],
    ["2", "worker"],
  ] as const) {
    it(`because its port was taken meanwhile (with the first ${TAKEN_WITH}, --workers ${workers}) ends in good order`, async () => {
      const data = await temporaryDirectory();
      const port = await freePort();
      const env = { ...loadedFirst("port-taker.js"), TAKEN_PORT: port, TAKEN_WITH };
      const words = ["serve", ...LOOPBACK, "--workers", workers, "--data", data, "--tcp-port", "0"];
      // It has ended when nobody has its standard error open any more: gateway processes would.
      const { code, errors } = await runToEnd([...words, "--stock", "500", "--port", port], { env });
      expect(code, errors).to.equal(3);
      expect(errors).to.match(
        new RegExp(`^bilheteria: port ${port} is taken by another program.*--port .*\\n$`),
      );
      // The sale was made before, so the next start names what it ignores.
      const { listening } = await spawnServer(["--data", data, "--stock", "100"]);
      expect(listening)
        .to.include({ capacity: 500 })
        .and.deep.include({ ignored: ["--stock 100"] });
    });
  }

  it("because of a port leaves what --fresh would set aside", async () => {
    const data = await soldBefore();
    const before = await readdir(data, { recursive: true });
    const words = ["serve", ...LOOPBACK, "--fresh", "--data", data, "--tcp-port", "0"];
    const { code } = await runToEnd([...words, "--port", await takenPort()]);
    expect(code).to.equal(3);
    expect(await readdir(data, { recursive: true })).to.deep.equal(before);
  });

  it("because its opening has passed leaves what --fresh would set aside", async () => {
    const data = await soldBefore();
    const before = await readdir(data, { recursive: true });
    const words = ["serve", ...LOOPBACK, "--fresh", "--data", data, "--port", "0", "--tcp-port", "0"];
    const { code, errors } = await runToEnd([...words, "--opens-at", PAST]);
    expect(code).to.equal(2);
    expect(errors).to.include(`--opens-at ${PAST} is in the past`);
    expect(await readdir(data, { recursive: true })).to.deep.equal(before);
  });

  it("because its opening has passed makes no sale and no token", async () => {
    const data = await temporaryDirectory();
    const words = ["serve", ...LOOPBACK, "--data", data, "--port", "0", "--tcp-port", "0"];
    const { code } = await runToEnd([...words, "--opens-at", PAST]);
    expect(code).to.equal(2);
    expect(await readdir(data)).to.not.include("admin-token");
    const { listening } = await spawnServer(["--data", data, "--stock", "100"]);
    expect(listening).to.include({ capacity: 100 }).and.not.have.property("ignored");
  });

  for (const [title, token] of [
    ["with spaces", "a phrase of four words"],
    ["that is too short", "short"],
    ["that is too long", "x".repeat(257)],
    ["of two lines", "0123456789abcdef\n0123456789abcdef"],
    ["with letters that a header doesn't carry", "senha-do-organizador-é-esta"],
  ] as const) {
    it(`because of a token file ${title} names it, and leaves it and everything else`, async () => {
      const data = await soldBefore();
      const path = join(data, "admin-token");
      await writeFile(path, token, { mode: 0o600 });
      const before = await readdir(data, { recursive: true });
      const words = ["serve", ...LOOPBACK, "--fresh", "--data", data, "--port", "0", "--tcp-port", "0"];
      const { code, errors } = await runToEnd(words);
      expect(code).to.equal(2);
      expect(errors)
        .to.include(path)
        .and.include("16 to 256 characters without spaces")
        .and.not.include(token);
      expect(await readdir(data, { recursive: true })).to.deep.equal(before);
      expect(await readFile(path, "utf8")).to.equal(token);
    });
  }

  it("beside a server on the same ports and the same directory names that server", async () => {
    const data = await temporaryDirectory();
    const { pid, httpPort, tcpPort } = await spawnServer(["--data", data]);
    const before = await readdir(join(data, "journal"));
    const ports = ["--port", String(httpPort), "--tcp-port", String(tcpPort)];
    const { code, errors } = await runToEnd(["serve", ...LOOPBACK, ...ports, "--data", data, "--fresh"]);
    expect(code).to.equal(3);
    expect(errors).to.include(`is in use by process ${pid}`).and.include(`port ${httpPort}`);
    expect(await readdir(join(data, "journal"))).to.deep.equal(before);
  });
});

describe("a token file", function () {
  this.timeout(60_000);

  it("that is empty gets a token, and one that was written by hand is the organiser's", async () => {
    const data = await temporaryDirectory();
    const path = join(data, "admin-token");
    const words = ["serve", ...LOOPBACK, "--data", data, "--port", "0", "--tcp-port", "0"];
    for (const written of ["", "  by-hand-and-long-enough\n"]) {
      await writeFile(path, written);
      const server = runBilheteria(words);
      const { httpPort } = await portsOf(server);
      const token = (await readFile(path, "utf8")).trim();
      const headers = { authorization: `Bearer ${token}` };
      const opened = await ask(httpPort, "POST", "/api/admin/sales/default/open", { headers });
      expect(opened.status, written).to.equal(200);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      server.kill("SIGTERM");
      await server.exit;
    }
    expect((await readFile(path, "utf8")).trim()).to.equal("by-hand-and-long-enough");
  });

  it("isn't read where the token is given", async () => {
    const data = await temporaryDirectory();
    await writeFile(join(data, "admin-token"), "short");
    const { listening } = await spawnServer(["--data", data]);
    expect(listening).to.include({ durable: true });
    expect(await readFile(join(data, "admin-token"), "utf8")).to.equal("short");
  });
});

describe("an opening that has passed", function () {
  this.timeout(60_000);

  it("hinders no start that finds the sale", async () => {
    const data = await soldBefore();
    const { listening } = await spawnServer(["--data", data, "--opens-at", PAST]);
    expect(listening["ignored"]).to.deep.equal([`--opens-at ${PAST}`]);
  });
});
