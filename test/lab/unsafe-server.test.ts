/** The server without its queue, attacked as a class would attack it; and what says that it is one. */
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { bannerLines } from "../../src/banner.ts";
import { readSettings } from "../../src/config.ts";
import { audit } from "../support/http-client.ts";
import {
  spawnServer,
  startTestServer,
  type ListeningProcess,
  type TestServer,
} from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";
import { openBrowser, openPage } from "../web/browser.ts";

type Ports = Pick<TestServer, "httpPort" | "tcpPort">;

const STOCK = 10;
const BUYERS = 50;
const ROUNDS = 40;

describe("a server without its queue", function () {
  this.timeout(60_000);

  it("sells fifty people more than ten tickets, tells one number to several, and its books don't balance", async () => {
    const server = await unsafeServer();
    const remaining = await attack(server);
    expect(remaining.length, "sold").to.be.above(STOCK);
    expect(new Set(remaining).size, "different numbers told").to.be.below(remaining.length);
    const books = await audit(server.httpPort);
    expect(books).to.include({ capacity: STOCK, sold: remaining.length, balanced: false });
  });

  it("sells the same fifty people ten tickets once it has its queue again", async () => {
    const server = await spawnServer(["--memory", "--stock", String(STOCK), "--rate-limit", "0"]);
    const remaining = await attack(server);
    expect(remaining.toSorted((a, b) => b - a)).to.deep.equal([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(await audit(server.httpPort)).to.include({ sold: STOCK, available: 0, balanced: true });
  });

  it("goes below 0 when fifty people look at the last ticket together, and whoever watches sees it", async () => {
    const server = await slowServer();
    const watcher = await WsClient.connect(server.httpPort);
    const negative = watcher.messages.until((line) => /^ESTOQUE: -\d/.test(line));
    const remaining = await attack(server);
    expect(Math.min(...remaining), "the lowest number told").to.be.below(0);
    expect(await negative).to.match(/^ESTOQUE: -\d+$/);
    expect(await audit(server.httpPort))
      .to.have.property("available")
      .that.is.below(0);
  });

  it("says in each hello that it is unsafe, and a server with its queue doesn't", async () => {
    const protocols = ["bilheteria.json.v1"];
    const hellos = await Promise.all(
      [["--unsafe-no-queue"], []].map(async (flags) => {
        const server = await startTestServer(flags);
        const client = await WsClient.connect(server.httpPort, { protocols });
        return JSON.parse(await client.next()) as object;
      }),
    );
    expect(hellos[0]).to.have.property("unsafe", true);
    expect(hellos[1]).to.include({ type: "hello" }).and.not.have.property("unsafe");
  });

  it("says it where it says that it listens", async () => {
    const server = await unsafeServer();
    expect(server.listening).to.have.property("unsafe").that.includes("SEM FILA");
  });

  it("says it in the banner, and a server with its queue doesn't", async () => {
    const server = await startTestServer(["--unsafe-no-queue"]);
    const banner = (flags: string[]): string => bannerLines(server, readSettings(flags, {}), "0").join("\n");
    expect(banner(["--memory", "--unsafe-no-queue"]))
      .to.include("SEM FILA")
      .and.include("não");
    expect(banner(["--memory"])).to.not.include("SEM FILA");
  });

  it("obeys the organiser and lets sales open and close in their time as ever", async () => {
    const server = await startTestServer(["--unsafe-no-queue", "--opens-at", "+2s"]);
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("COMPRAR")).to.match(/^ERRO: Venda ainda não aberta/);
    expect(await client.next()).to.equal("AVISO: Venda aberta");
    expect(await client.ask("COMPRAR 2")).to.equal("Compra realizada. Estoque restante: 8");
    expect(await client.ask("COMPRAR 9")).to.equal("ERRO: Estoque insuficiente. Restam 8");
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 8");
    expect(await server.stop()).to.equal(true);
  });

  describe("in a browser", () => {
    let browser: Browser;

    before(async function () {
      const opened = await openBrowser();
      if (opened === null) return this.skip();
      browser = opened;
    });

    after(() => (browser as Browser | undefined)?.close());

    it("is seen to be one, with its stock below 0", async () => {
      const server = await slowServer();
      const { page, complaints } = await openPage(browser, `http://127.0.0.1:${server.httpPort}/`);
      await page.locator("#unsafe").waitFor({ state: "visible" });
      expect(await page.textContent("#unsafe")).to.include("Sem fila");
      await attack(server);
      await page.locator("#figure", { hasText: /^-\d+$/ }).waitFor();
      expect(complaints).to.deep.equal([]);
    });

    it("isn't seen where the queue is", async () => {
      const server = await startTestServer([]);
      const { page } = await openPage(browser, `http://127.0.0.1:${server.httpPort}/`);
      await page.locator("#figure", { hasText: "10" }).waitFor();
      expect(await page.locator("#unsafe").isVisible()).to.equal(false);
    });
  });
});

function unsafeServer(): Promise<ListeningProcess> {
  const flags = ["--memory", "--unsafe-no-queue", "--stock", String(STOCK), "--rate-limit", "0"];
  return spawnServer(flags);
}

/** With one ticket, and calls so long that all fifty are within them together, however busy the machine. */
function slowServer(): Promise<TestServer> {
  const flags = ["--unsafe-no-queue", "--stock", "1", "--rate-limit", "0"];
  return startTestServer(flags, { lab: { databaseCallMs: 200 } });
}

/** Fifty sockets, half of each transport, buy until each is refused. @returns every "Estoque restante" told. */
async function attack(server: Ports): Promise<number[]> {
  const clients = await Promise.all(
    Array.from({ length: BUYERS }, (_, i) =>
      i % 2 === 0 ? TextClient.connect(server.tcpPort) : WsClient.connect(server.httpPort),
    ),
  );
  const told = await Promise.all(clients.map(buyAll));
  for (const client of clients) client.close();
  return told.flat();
}

async function buyAll(client: TextClient | WsClient): Promise<number[]> {
  const inbox = client instanceof TextClient ? client.lines : client.messages;
  const remaining: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    client.say("COMPRAR");
    let answer = await inbox.next();
    while (/^(ESTOQUE|AVISO)/.test(answer)) answer = await inbox.next();
    const match = /^Compra realizada\. Estoque restante: (-?\d+)$/.exec(answer);
    if (match === null) {
      expect(answer).to.equal("ERRO: Produto esgotado");
      return remaining;
    }
    remaining.push(Number(match[1]));
  }
  return remaining;
}
