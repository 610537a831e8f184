/** A console that nobody reads doesn't stop the sale; what it couldn't hold is counted. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask, audit } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { MAIN, spawnServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";

describe("a console that is never read", function () {
  this.timeout(120_000);

  it("doesn't stop the sale, and the lines that were dropped are counted", async () => {
    const server = await spawnServer(["--memory", "--stock", "10000000", "--rate-limit", "0"]);
    server.child.stdout?.pause();
    const client = await TextClient.connect(server.tcpPort);
    let sold = 0;
    // The pipe, the console's own buffer of 4 MiB, then nothing more: each round writes about a megabyte of lines.
    await eventually(
      async () => {
        client.write("COMPRAR\n".repeat(5_000));
        const answers = await client.lines.take(5_000);
        expect(answers.at(-1)).to.match(/^Compra realizada/);
        sold += 5_000;
        return (await droppedLines(server.httpPort)) > 0;
      },
      "lines are dropped",
      90_000,
    );
    expect(await client.ask("COMPRAR")).to.equal(
      `Compra realizada. Estoque restante: ${10_000_000 - sold - 1}`,
    );
    expect(await audit(server.httpPort)).to.include({ sold: sold + 1, balanced: true });
    expect((await ask(server.httpPort, "GET", "/readyz")).status).to.equal(200);
  });

  it("may go away altogether", async () => {
    const server = await spawnServer(["--memory"]);
    server.child.stdout?.destroy();
    const client = await TextClient.connect(server.tcpPort);
    // Lines are handed over a tenth of a second later: the purchases go on past the moment when that fails.
    for (let left = 9; left >= 0; left--) {
      expect(await client.ask("COMPRAR")).to.equal(`Compra realizada. Estoque restante: ${left}`);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(await client.next()).to.match(/^AVISO/);
    expect((await ask(server.httpPort, "GET", "/healthz")).status).to.equal(200);
  });
});

describe("a standard error that is never read", () => {
  it("doesn't keep a process that has to end", async () => {
    const directory = await temporaryDirectory();
    const errors = await fullPipe(directory);
    const flags = ["serve", "--port", "0", "--no-tcp", "--data", "/dev/null/nowhere"];
    const child = spawn(process.execPath, [MAIN, ...flags], {
      stdio: ["ignore", "ignore", errors],
      cwd: directory,
    });
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once("exit", (code, signal) => resolve(code ?? signal));
    });
    cleanup(() => void child.kill("SIGKILL"));
    expect(await within(ended, "the process ends")).to.be.oneOf([3, "SIGKILL"]);
  });
});

/** A descriptor whose writes wait, since its pipe has no room and nobody reads. */
async function fullPipe(directory: string): Promise<number> {
  const path = join(directory, "errors");
  execFileSync("mkfifo", [path]);
  const filler = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const errors = openSync(path, constants.O_WRONLY);
  cleanup(() => {
    closeSync(errors);
    closeSync(filler);
  });
  for (let room = 65_536; room >= 1;) {
    try {
      writeSync(filler, Buffer.alloc(room, 0x2e));
    } catch {
      room = Math.floor(room / 2);
    }
  }
  return errors;
}

async function droppedLines(port: number): Promise<number> {
  const { text } = await ask(port, "GET", "/metrics");
  return Number(/^bilheteria_log_lines_dropped (\d+)$/m.exec(text)?.[1]);
}
