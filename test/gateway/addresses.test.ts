/** What the server keeps of a client's address, and that with --no-addresses it keeps none. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { byPseudonym } from "../../src/gateway/buyer-names.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { audit, buy } from "../support/http-client.ts";
import { spawnServer, startTestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";

const ADDRESS = "127.0.0.1";

/** Everything that a data directory holds, as text. */
async function contents(directory: string): Promise<string> {
  let all = "";
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) all += await readFile(join(entry.parentPath, entry.name), "latin1");
  }
  return all;
}

describe("a client's address", () => {
  it("is in the journal and in the command log, unless it is to be kept out", async () => {
    const data = await temporaryDirectory();
    const server = await spawnServer(["--data", data]);
    await (await TextClient.connect(server.tcpPort)).ask("COMPRAR");
    const line = await server.log.until((text) => text.includes("COMPRAR"));
    expect(JSON.parse(line)).to.include({ ip: ADDRESS });
    server.kill("SIGTERM");
    await server.exit;
    expect(await contents(data)).to.include(`"ip:${ADDRESS}"`);
  });

  it("is in neither with --no-addresses, whatever is bought or refused", async () => {
    const data = await temporaryDirectory();
    const server = await spawnServer(["--data", data, "--no-addresses"]);
    await (await TextClient.connect(server.tcpPort)).ask("COMPRAR");
    await (await WsClient.connect(server.httpPort)).ask("COMPRAR 2 ana-1");
    await buy(server.httpPort, "ana-2");
    await buy(server.httpPort, "ana-3", { quantity: 11 });
    await WsClient.connect(server.httpPort, { headers: { origin: "https://evil.example" } }).catch(() => {});
    const lines = [];
    for (let i = 0; i < 5; i++) lines.push(await server.log.until((text) => text.includes('"ip"')));
    expect(lines.map((line) => (JSON.parse(line) as { ip: string }).ip)).to.deep.equal([
      "-",
      "-",
      "-",
      "-",
      "-",
    ]);
    server.kill("SIGTERM");
    await server.exit;
    const journal = await contents(data);
    expect(journal.match(/"anon:[\w-]{16}"/g)).to.have.length(3);
    expect(journal).to.not.include(ADDRESS).and.not.include("ip:");
    expect(server.log.all.slice(1).join("\n")).to.not.include(ADDRESS);
  });

  it("is the scope of a key without being told: after a reconnect and a restart the key buys nothing more", async () => {
    const data = await temporaryDirectory();
    const flags = ["--data", data, "--no-addresses"];
    const first = await startTestServer(flags);
    const client = await TextClient.connect(first.tcpPort);
    expect(await client.ask("COMPRAR 2 ana-1")).to.equal("Compra realizada. Estoque restante: 8");
    await first.stop();
    const second = await startTestServer(flags);
    const again = await TextClient.connect(second.tcpPort);
    expect(await again.ask("COMPRAR 2 ana-1")).to.equal("Compra realizada. Estoque restante: 8");
    expect(await audit(second.httpPort)).to.include({ sold: 2 });
  });

  it("can't be found again once address-key is deleted: the next start makes other pseudonyms", async () => {
    const data = await temporaryDirectory();
    const flags = ["--data", data, "--no-addresses"];
    const first = await startTestServer(flags);
    await (await TextClient.connect(first.tcpPort)).ask("COMPRAR 2 ana-1");
    await first.stop();
    const key = join(data, "address-key");
    if (process.platform !== "win32") expect((await stat(key)).mode & 0o777).to.equal(0o600);
    await rm(key);
    const second = await startTestServer(flags);
    await (await TextClient.connect(second.tcpPort)).ask("COMPRAR 2 ana-1");
    expect(await audit(second.httpPort)).to.include({ sold: 4 });
    await second.stop();
    const names = (await contents(data)).match(/"anon:[\w-]{16}"/g);
    expect(new Set(names)).to.have.property("size", 2);
  });

  it("has one pseudonym for each key, and another for another address", () => {
    const one = byPseudonym("a".repeat(43));
    const two = byPseudonym("b".repeat(43));
    expect(one("192.0.2.1"))
      .to.equal(one("192.0.2.1"))
      .and.match(/^anon:[\w-]{16}$/);
    expect(new Set([one("192.0.2.1"), one("192.0.2.2"), two("192.0.2.1")])).to.have.property("size", 3);
  });
});
