/** The process from outside: flags, exit codes, what it says when it can't start. */
import { createServer } from "node:net";
import { once } from "node:events";
import { access, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { COMMANDS } from "../../src/command-line/commands.ts";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { ADMIN_TOKEN, runBilheteria, spawnServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";

/** Runs to the end. */
async function run(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cwd = await temporaryDirectory();
  const { exit, errors, log } = runBilheteria(words, { cwd, env });
  const code = await within(exit, "it exits");
  return { code, errors: errors(), output: log.all.join("\n"), cwd };
}

/** A port that somebody else listens on, on all addresses. */
async function takenPort(): Promise<number> {
  const server = createServer().listen({ port: 0, host: "127.0.0.1" });
  cleanup(() => server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

describe("the command line", function () {
  this.timeout(30_000);

  for (const [title, words, env, complaint] of [
    ["an unknown command", ["sell"], {}, /there is no command "sell"/],
    ["half a command", ["journal"], {}, /there is no command "journal"/],
    ["a command with another half", ["journal", "dog"], {}, /there is no command "journal dog"/],
    ["a command in one word that has two", ["journal cat"], {}, /there is no command "journal cat"/],
    ["the name of something that every object has", ["toString"], {}, /there is no command "toString"/],
    ["an unknown flag without a command", ["--prot", "1"], {}, /Unknown option '--prot'\. See/],
    ["an unknown flag", ["serve", "--prot", "1"], {}, /Unknown option '--prot'\. See/],
    ["a word too many", ["serve", "8080"], {}, /8080/],
    ["a flag without its value", ["serve", "--port"], {}, /--port/],
    ["a port that is none", ["serve", "--port", "65536"], {}, /--port 65536/],
    ["a port that isn't a number", ["serve", "--tcp-port", "http"], {}, /--tcp-port http/],
    ["a stock of nothing", ["serve", "--stock", "0"], {}, /--stock 0/],
    ["half a ticket", ["serve", "--stock", "1.5"], {}, /--stock 1\.5/],
    ["a rate limit below 0", ["serve", "--rate-limit=-1"], {}, /--rate-limit -1/],
    [
      "a token that is too short",
      ["serve", "--admin-token", "short"],
      {},
      /^bilheteria: --admin-token: use 16 to(?!.*short)/,
    ],
    ["a level that doesn't exist", ["serve", "--log-level", "loud"], {}, /--log-level loud/],
    ["an origin that is none", ["serve", "--origin", "example"], {}, /--origin example/],
    ["a variable out of range", ["serve"], { PORT: "99999" }, /PORT=99999/],
    ["a variable that isn't a number", ["serve"], { STOCK: "muitos" }, /STOCK=muitos/],
    [
      "an opening that is no time",
      ["serve", "--memory", "--port", "0", "--opens-at", "tomorrow"],
      {},
      /--opens-at tomorrow/,
    ],
    ["no queue with a data directory", ["serve", "--unsafe-no-queue", "--data", "data"], {}, /add --memory/],
    ["--memory with --fresh", ["serve", "--memory", "--fresh"], {}, /don't go together/],
  ] as const) {
    it(`${title} exits with 2 and one line that says what is wrong`, async () => {
      const { code, errors, cwd } = await run(words, env);
      expect(code).to.equal(2);
      expect(errors)
        .to.match(complaint)
        .and.match(/^bilheteria: [^\n]+\n$/);
      expect(await readdir(cwd)).to.deep.equal([]);
    });
  }

  it("--help exits with 0 and no word of trouble when nobody reads any more", async () => {
    const { child, exit, errors } = runBilheteria(["--help"]);
    child.stdout?.destroy();
    expect(await within(exit, "it exits"), errors()).to.equal(0);
    expect(errors()).to.equal("");
  });

  it("--help names every flag and exits with 0", async () => {
    const { code, output } = await run(["--help"]);
    expect(code).to.equal(0);
    for (const flag of ["--port", "--tcp-port", "--stock", "--data", "--memory", "--fresh", "--rate-limit"]) {
      expect(output).to.include(flag);
    }
  });

  it("--help names the other commands, and each names its own flags", async () => {
    const { output } = await run(["--help"]);
    for (const [name, { flags }] of Object.entries(COMMANDS)) {
      expect(output).to.include(`  ${name} `);
      const own = await run([...name.split(" "), "--help"]);
      expect(own.code).to.equal(0);
      expect(own.output).to.include(`Usage: bilheteria ${name} [flags]`);
      for (const flag of Object.keys(flags)) expect(own.output).to.include(`  --${flag}`);
    }
  });

  it("without a command is serve", async () => {
    const cwd = await temporaryDirectory();
    const server = runBilheteria(["--memory", "--port", "0", "--tcp-port", "0", "--host", "127.0.0.1"], {
      cwd,
    });
    const line = await server.log.until((text) => text.includes('"listening"'));
    expect(JSON.parse(line)).to.include({ durable: false, available: 10 });
  });

  it("--version prints the version and exits with 0", async () => {
    const { code, output } = await run(["--version"]);
    expect(code).to.equal(0);
    expect(output.trim()).to.match(/^\d+\.\d+\.\d+/);
  });

  it("an HTTP port that is taken exits with 3 and names the port and its flag", async () => {
    const port = await takenPort();
    const { code, errors } = await run([
      "serve",
      "--memory",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--tcp-port",
      "0",
    ]);
    expect(code).to.equal(3);
    expect(errors).to.include(`port ${port} is taken`).and.include("--port").and.not.include("--tcp-port");
  });

  it("a TCP port that is taken exits with 3 and names the port and its flag", async () => {
    const port = await takenPort();
    const { code, errors } = await run([
      "serve",
      "--memory",
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      "--tcp-port",
      String(port),
    ]);
    expect(code).to.equal(3);
    expect(errors).to.include(`port ${port} is taken`).and.include("--tcp-port");
  });

  it("an address that isn't this machine's exits with 3", async () => {
    const { code, errors } = await run(["serve", "--memory", "--port", "0", "--host", "192.0.2.1"]);
    expect(code).to.equal(3);
    expect(errors).to.include("192.0.2.1");
  });

  it("a data directory in use exits with 3, says by which process, and disturbs nobody", async () => {
    const data = await temporaryDirectory();
    const first = await spawnServer(["--data", data]);
    const second = await run(["serve", "--port", "0", "--tcp-port", "0", "--data", data]);
    expect(second.code).to.equal(3);
    expect(second.errors).to.include(`process ${first.pid}`).and.include(data);
    const fresh = await run(["serve", "--port", "0", "--tcp-port", "0", "--data", data, "--fresh"]);
    expect(fresh.code).to.equal(3);
    const client = await TextClient.connect(first.tcpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
  });

  it("a data directory that is a file exits with 3", async () => {
    const data = join(await temporaryDirectory(), "file");
    await writeFile(data, "x");
    const { code, errors } = await run(["serve", "--port", "0", "--tcp-port", "0", "--data", data]);
    expect(code).to.equal(3);
    expect(errors).to.include(data);
  });

  it("a damaged journal exits with 4, names the file, and changes nothing", async () => {
    const data = await temporaryDirectory();
    await mkdir(join(data, "journal"));
    const segment = join(data, "journal", "0000000000000000.log");
    await writeFile(segment, Buffer.alloc(1024 * 1024, 1));
    const { code, errors } = await run(["serve", "--port", "0", "--tcp-port", "0", "--data", data]);
    expect(code).to.equal(4);
    expect(errors).to.include(segment).and.include("damaged");
    expect((await stat(segment)).size).to.equal(1024 * 1024);
  });

  it("the environment sets what flags don't", async () => {
    const env = { STOCK: "42", RATE_LIMIT: "0", TITLE: "Do ambiente" };
    const server = await spawnServer(["--memory"], { env });
    const sale = (await ask(server.httpPort, "GET", "/api/sales/default")).json();
    expect(sale).to.include({ capacity: 42, title: "Do ambiente" });
    expect(server.listening).to.include({ rateLimit: "none", durable: false });
  });

  it("flags win over the environment", async () => {
    const server = await spawnServer(["--memory", "--stock", "7"], { env: { STOCK: "42" } });
    expect((await ask(server.httpPort, "GET", "/api/sales/default")).json()).to.include({ capacity: 7 });
  });

  it("--no-tcp listens on no TCP port", async () => {
    const server = await spawnServer(["--memory", "--no-tcp"]);
    expect(server.listening).to.not.have.property("tcp");
    expect((await ask(server.httpPort, "GET", "/healthz")).status).to.equal(200);
  });

  it("--memory leaves no file", async () => {
    const cwd = await temporaryDirectory();
    const server = await spawnServer(["--memory"], { cwd });
    const client = await TextClient.connect(server.tcpPort);
    await client.ask("COMPRAR");
    expect(await readdir(cwd)).to.deep.equal([]);
  });

  it("data stands in ./data unless told otherwise, and only the owner can read the token in it", async () => {
    const cwd = await temporaryDirectory();
    const server = runBilheteria(["serve", "--port", "0", "--tcp-port", "0", "--host", "127.0.0.1"], { cwd });
    const line = await server.log.until((text) => text.includes('"listening"'));
    const token = (await readFile(join(cwd, "data", "admin-token"), "utf8")).trim();
    expect(token)
      .to.match(/^[\w-]{32}$/)
      .and.not.equal(ADMIN_TOKEN);
    await eventually(() => server.errors().includes("the organiser's token is in "), "it says where it is");
    expect(server.errors()).to.include(join("data", "admin-token"));
    expect(line + server.errors(), "the log may be read by others").to.not.include(token);
    await access(join(cwd, "data", "journal"));
    expect((await stat(join(cwd, "data", "admin-token"))).mode & 0o777).to.equal(0o600);
  });

  it("--memory prints the token, which is kept nowhere else", async () => {
    const server = runBilheteria([
      "serve",
      "--memory",
      "--port",
      "0",
      "--tcp-port",
      "0",
      "--host",
      "127.0.0.1",
    ]);
    const { http } = JSON.parse(await server.log.until((text) => text.includes('"listening"'))) as {
      http: string;
    };
    const printed = /the organiser's token, kept nowhere else: ([\w-]{32})\n/;
    await eventually(() => printed.test(server.errors()), "the token is printed");
    const headers = { authorization: `Bearer ${printed.exec(server.errors())?.[1]}` };
    const paused = await ask(Number(http.split(":")[2]), "POST", "/api/admin/sales/default/pause", {
      headers,
    });
    expect(paused.status).to.equal(200);
  });

  it("the IPv6 and the IPv4 loopback both work without --host", async () => {
    const server = runBilheteria(["serve", "--memory", "--port", "0", "--tcp-port", "0"]);
    const line = JSON.parse(await server.log.until((text) => text.includes('"listening"'))) as {
      tcp: string;
    };
    const port = Number(line.tcp.split(":")[1]);
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      const client = await TextClient.connect(port, host).catch((cause: NodeJS.ErrnoException) => {
        if (host === "::1" && cause.code === "EADDRNOTAVAIL") return null;
        throw cause;
      });
      if (client !== null) expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    }
  });
});
