/** The audience of the benchmark suite, in front of servers that cheat: none of them gets a figure. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { WebSocketServer } from "ws";
import { cleanup } from "../support/cleanup.ts";

const BENCH = fileURLToPath(new URL("../../../loadtest/bench", import.meta.url));
const WATCHERS = 20;
const STOCK = 100;

/** How long what is missing is waited for. */
const PATIENCE_MS = 300;

/** Tells everybody of a purchase, with a `cheat` for the watcher that has this place among those told. */
type Cheat = (place: number, tell: (text: string) => void) => void;

interface Audience {
  open(count: number, how?: { ask: boolean }): Promise<unknown>;
  buy(
    goal: { value: number; notices: number; soldOut: number },
    quantities: readonly number[],
    timeoutMs: number,
  ): Promise<{ lastMs: number }>;
  updates(): Promise<{ least: number; most: number }>;
  leave(): void;
}

const honest: Cheat = (_place, tell) => tell(`ESTOQUE: ${STOCK - 1}`);

describe("bench: the audience", () => {
  before(function () {
    // It runs under Bun, which loadtest/bench/install-peers.sh brings.
    if (!existsSync(join(BENCH, "node_modules/@oven"))) this.skip();
  });

  it("hears an honest server out, and counts what each heard", async () => {
    const audience = await audienceOf(honest);
    expect((await buy(audience)).lastMs).to.be.above(0);
    expect(await audience.updates()).to.include({ least: 1, most: 1 });
  });

  it("counts an update that came twice", async () => {
    const audience = await audienceOf((place, tell) => {
      honest(place, tell);
      if (place === 3) honest(place, tell);
    });
    await buy(audience);
    // The second one has come when the answer to a later question has.
    await audience.open(1, { ask: true });
    expect((await audience.updates()).most).to.equal(2);
  });

  const cheats: readonly (readonly [string, Cheat, RegExp])[] = [
    ["misses one watcher", (place, tell) => place !== 3 && honest(place, tell), /^1 of 20 haven't heard it/],
    [
      "misses one watcher and tells another one twice",
      (place, tell) => {
        if (place !== 3) honest(place, tell);
        if (place === 4) honest(place, tell);
      },
      /^1 of 20 haven't heard it/,
    ],
    [
      "takes back what one watcher knew",
      (place, tell) => {
        honest(place, tell);
        if (place === 0) tell(`ESTOQUE: ${STOCK - 2}`);
      },
      /^1 of 20 haven't heard it/,
    ],
    [
      "tells one watcher another number",
      (place, tell) => tell(`ESTOQUE: ${STOCK - (place === 3 ? 2 : 1)}`),
      /^1 of 20 haven't heard it/,
    ],
    [
      "sends an AVISO that nobody is owed",
      (place, tell) => {
        if (place === 3) tell("AVISO: O estoque acabou de esgotar!");
        honest(place, tell);
      },
      /heard a notice twice/,
    ],
    ["says what it shouldn't", (_place, tell) => tell("ESTOQUE: poucos"), /a number that is none/],
    ["says something else", (_place, tell) => tell("Olá"), /a message that shouldn't be: Olá/],
  ];
  for (const [what, cheat, why] of cheats) {
    it(`makes the run void when a server ${what}`, async () => {
      const audience = await audienceOf(cheat);
      const fault = await buy(audience).then(
        () => null,
        (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
      );
      expect(fault).to.match(why);
    });
  }
});

function buy(audience: Audience): Promise<{ lastMs: number }> {
  return audience.buy({ value: STOCK - 1, notices: 0, soldOut: 0 }, [1], PATIENCE_MS);
}

async function audienceOf(cheat: Cheat): Promise<Audience> {
  const port = await listen(cheat);
  const { Audience } = (await import(join(BENCH, "audience-driver.js"))) as {
    Audience: new (
      server: { port: number; wire: "plain" },
      pin: boolean,
      workspace: { watch<Child>(child: Child): Child },
    ) => Audience;
  };
  const audience = new Audience({ port, wire: "plain" }, false, { watch: (child) => child });
  cleanup(() => audience.leave());
  await audience.open(WATCHERS);
  return audience;
}

/** Sells one ticket at a time, and tells everybody but the buyer as the cheat would have it. */
async function listen(cheat: Cheat): Promise<number> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on("connection", (webSocket) => {
    webSocket.on("message", (data) => {
      if ((data as Buffer).toString() === "CONSULTAR") {
        webSocket.send(`Estoque atual: ${STOCK - 1}`);
        return;
      }
      webSocket.send(`Compra realizada. Estoque restante: ${STOCK - 1}`);
      const watchers = [...server.clients].filter((client) => client !== webSocket);
      for (const [place, watcher] of watchers.entries()) cheat(place, (text) => watcher.send(text));
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  cleanup(() => {
    for (const client of server.clients) client.terminate();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}
