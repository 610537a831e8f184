/**
 * The scene that this program is for: fifty people press buy at once for ten tickets, half over raw TCP, half over
 * WebSocket. REPEATS says how often it is played, each time with a new server process.
 */
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { audit } from "../support/http-client.ts";
import { spawnServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";

const REPEATS = Number(process.env["REPEATS"] ?? 5);
const STOCK = 10;
const SOLD_OUT = "AVISO: O estoque acabou de esgotar!";

describe("fifty buyers at once for ten tickets", function () {
  this.timeout(60_000);

  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    it(`ten buy, forty are refused, all fifty hear the AVISO once (${repeat} of ${REPEATS})`, async () => {
      const server = await spawnServer(["--stock", String(STOCK), "--data", await temporaryDirectory()]);
      const clients = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          i % 2 === 0 ? TextClient.connect(server.tcpPort) : WsClient.connect(server.httpPort),
        ),
      );
      // Whoever was answered has joined: who connects while the last ticket is sold may miss the AVISO.
      for (const answer of await Promise.all(clients.map((client) => client.ask("CONSULTAR")))) {
        expect(answer).to.equal("Estoque atual: 10");
      }
      for (const client of clients) client.say("COMPRAR");
      const heard = await Promise.all(clients.map(everything));
      const remaining = heard
        .flatMap((lines) => lines)
        .flatMap((line) => /^Compra realizada\. Estoque restante: (\d+)$/.exec(line)?.[1] ?? [])
        .map(Number);
      expect(remaining.toSorted((a, b) => b - a)).to.deep.equal([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
      for (const lines of heard) {
        const answers = lines.filter((line) => !/^(ESTOQUE|AVISO)/.test(line));
        expect(answers).to.have.length(1);
        expect(answers[0]).to.match(/^(Compra realizada|ERRO: Produto esgotado$)/);
        expect(lines.filter((line) => line.startsWith("AVISO"))).to.deep.equal([SOLD_OUT]);
      }
      const books = await audit(server.httpPort);
      expect(books).to.include({
        capacity: STOCK,
        available: 0,
        sold: STOCK,
        tickets: STOCK,
        balanced: true,
      });
      for (const client of clients) client.close();
      server.kill("SIGTERM");
      expect(await server.exit).to.equal(0);
    });
  }
});

/** What a buyer hears up to the AVISO, and what still came before the answer to one more command. */
async function everything(client: TextClient | WsClient): Promise<string[]> {
  const inbox = client instanceof TextClient ? client.lines : client.messages;
  await inbox.until((line) => line === SOLD_OUT);
  while (!inbox.all.some((line) => /^(Compra|ERRO)/.test(line))) await inbox.next();
  client.say("AJUDA");
  await inbox.until((line) => line.startsWith("Comandos: "));
  return inbox.all.filter((line) => !/^(Estoque atual|Comandos: )/.test(line));
}
