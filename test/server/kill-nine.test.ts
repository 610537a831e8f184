/**
 * The process is killed in the middle of a crowd, without a chance to say or write anything, and started again on the
 * same data. ROUNDS says how often.
 */
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { askOrganiser, audit, buy } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, type Json } from "../support/ws-client.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 3);
const STOCK = 1_000_000;

/** What the crowd remembers of its purchases; what a restart has to agree with. */
interface Memory {
  /** Keys that were sent, answered or not. */
  readonly sent: Set<string>;
  /** What was answered over JSON, by key. */
  readonly receipts: Map<string, Json>;
  /** What was answered over TCP, by key: tickets left. */
  readonly remaining: Map<string, number>;
}

describe("kill -9 in the middle of a crowd", function () {
  this.timeout(60_000 * Math.max(1, ROUNDS));

  it(`loses no answered purchase and sells none twice (${ROUNDS} times on the same data)`, async () => {
    const data = await temporaryDirectory();
    const memory: Memory = { sent: new Set(), receipts: new Map(), remaining: new Map() };
    for (let round = 1; round <= ROUNDS; round++) {
      const server = await start(data);
      await check(server, memory);
      await crowd(server, memory, round, 150 + 137 * round);
    }
    const server = await start(data);
    await check(server, memory);
    await retryAll(server, memory);
  });
});

function start(data: string): Promise<ListeningProcess> {
  return spawnServer(["--data", data, "--stock", String(STOCK), "--rate-limit", "0", "--no-command-log"]);
}

/** Sixteen buyers buy as fast as they are answered until `enough` were, and the process is killed right then. */
async function crowd(server: ListeningProcess, memory: Memory, round: number, enough: number): Promise<void> {
  const before = answered(memory);
  const buyers = [
    ...(await Promise.all(Array.from({ length: 8 }, () => JsonClient.connect(server.httpPort)))),
    ...(await Promise.all(Array.from({ length: 8 }, () => TextClient.connect(server.tcpPort)))),
  ];
  const running = buyers.map(async (buyer, i) => {
    for (let n = 1; ; n++) {
      const key = `r${round}-b${i}-${n}`;
      memory.sent.add(key);
      try {
        if (buyer instanceof JsonClient) {
          buyer.say({ type: "buy", id: key, quantity: 1 });
          memory.receipts.set(key, await buyer.untilType("receipt"));
        } else {
          const line = await buyer.ask(`COMPRAR 1 ${key}`);
          memory.remaining.set(key, Number(/^Compra realizada\. Estoque restante: (\d+)$/.exec(line)?.[1]));
        }
      } catch {
        return;
      }
    }
  });
  await eventually(() => answered(memory) - before >= enough, "the crowd buys");
  server.kill("SIGKILL");
  expect(await server.exit).to.equal("SIGKILL");
  await Promise.all(running);
}

function answered({ receipts, remaining }: Memory): number {
  return receipts.size + remaining.size;
}

/** Everything that was answered is there, nothing was invented, and nothing is there twice. */
async function check(server: ListeningProcess, memory: Memory): Promise<void> {
  const books = await audit(server.httpPort);
  expect(books).to.include({ capacity: STOCK, balanced: true });
  expect(books["sold"]).to.be.within(answered(memory), memory.sent.size);
  const { text } = await askOrganiser(server.httpPort, "GET", "/sales/default/tickets.csv");
  const rows = text
    .trimEnd()
    .split("\r\n")
    .slice(1)
    .map((row) => row.split(","));
  const orders = rows.map(([order]) => Number(order));
  expect(orders).to.deep.equal(Array.from(orders, (_, i) => i + 1));
  const codeOf = new Map(rows.map(([order, code]) => [Number(order), code]));
  expect(new Set(codeOf.values()).size).to.equal(books["sold"]);
  for (const receipt of memory.receipts.values()) {
    const [ticket] = receipt["tickets"] as { code: string }[];
    expect(codeOf.get(receipt["order"] as number)).to.equal(ticket?.code);
  }
  for (const left of memory.remaining.values()) expect(codeOf.has(STOCK - left)).to.equal(true);
}

/** Every key is sent again: the answered ones get their receipts, the others buy at most once. */
async function retryAll(server: ListeningProcess, memory: Memory): Promise<void> {
  const unanswered = [...memory.sent].filter(
    (key) => !memory.receipts.has(key) && !memory.remaining.has(key),
  );
  expect(unanswered).to.not.be.empty;
  for (const key of memory.sent) {
    const receipt = (await buy(server.httpPort, key)).json();
    const known = memory.receipts.get(key);
    if (known !== undefined) expect(receipt).to.deep.equal(known);
    const left = memory.remaining.get(key);
    if (left !== undefined) expect(receipt["remaining"]).to.equal(left);
  }
  const books = await audit(server.httpPort);
  expect(books).to.include({ sold: memory.sent.size, tickets: memory.sent.size, balanced: true });
}
