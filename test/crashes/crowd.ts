/**
 * Buyers and watchers on real sockets, over every way that there is. Each buyer keeps some purchases under way at
 * once, so that a kill finds many whose answers are still to come. They buy until their connection ends.
 */
import { buy } from "../support/http-client.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient } from "../support/ws-client.ts";
import { noteJson, noteText } from "./notes.ts";
import { randomFrom } from "./plan.ts";
import type { Attempt, Recording } from "./recording.ts";

export interface Ports {
  readonly httpPort: number;
  readonly tcpPort: number;
}

export interface Crowd {
  /** Every connection has ended, and what it brought is recorded. */
  readonly over: Promise<void>;
  /** Answers that were neither a purchase nor `busy`. */
  readonly surprises: string[];
  /** Has everybody leave once they have what they asked for. */
  leave(): Promise<void>;
}

type Buyer = (wish: Wish) => Promise<void>;

interface Wish {
  readonly next: (keyed: boolean) => Attempt;
  /** Whether more is to be bought. */
  readonly goesOn: () => boolean;
  readonly recording: Recording;
  readonly random: () => number;
  readonly surprises: string[];
}

/** Purchases under way of one connection, at most. */
const WINDOW = 6;

const SIZES = { json: 8, text: 5, tcp: 8, http: 2, jsonWatchers: 2, tcpWatchers: 1 } as const;

/** Opens all connections, then begins to buy. @param name what its keys begin with. */
export async function gather(ports: Ports, recording: Recording, name: string, seed: number): Promise<Crowd> {
  const { httpPort, tcpPort } = ports;
  const surprises: string[] = [];
  let isOpen = true;
  await Promise.all([
    ...times(SIZES.jsonWatchers, () => watchJson(httpPort, recording)),
    ...times(SIZES.tcpWatchers, () => watchTcp(tcpPort, recording)),
  ]);
  const buyers: Buyer[] = await Promise.all([
    ...times(SIZES.json, () => jsonBuyer(httpPort)),
    ...times(SIZES.text, () => textBuyer(httpPort)),
    ...times(SIZES.tcp, () => tcpBuyer(tcpPort)),
    ...times(SIZES.http, () => Promise.resolve(httpBuyer(httpPort))),
  ]);
  const over = Promise.all(
    buyers.map((buyer, i) => {
      const random = randomFrom(seed * 101 + i);
      let begun = 0;
      const next = (keyed: boolean): Attempt => {
        begun += 1;
        const quantity = keyed ? 1 + Math.floor(random() * 3) : 1;
        return recording.begin(keyed ? `${name}-${i}-${begun}` : null, quantity);
      };
      return buyer({ next, goesOn: () => isOpen, recording, random, surprises });
    }),
  ).then(() => undefined);
  const leave = (): Promise<void> => {
    isOpen = false;
    return over;
  };
  return { over, surprises, leave };
}

async function jsonBuyer(port: number): Promise<Buyer> {
  const client = await JsonClient.connect(port);
  return async ({ next, goesOn, surprises }) => {
    const underWay = new Map<string, Attempt>();
    await untilItEnds(async () => {
      while (underWay.size < WINDOW && goesOn()) {
        const attempt = next(true);
        underWay.set(attempt.key ?? "", attempt);
        client.say({ type: "buy", id: attempt.key, quantity: attempt.quantity });
      }
      if (underWay.size === 0) return false;
      const message = await client.next();
      const attempt = underWay.get(String(message["id"]));
      if (attempt === undefined) return true;
      underWay.delete(attempt.key ?? "");
      noteJson(attempt, message, surprises);
      return true;
    });
    client.ws.close();
  };
}

/** Hears the stock too, among its answers. */
async function textBuyer(port: number): Promise<Buyer> {
  const client = await WsClient.connect(port);
  return async ({ next, goesOn, random, recording, surprises }) => {
    const connection = recording.nextConnection();
    const underWay: Attempt[] = [];
    await untilItEnds(async () => {
      while (underWay.length < WINDOW && goesOn()) underWay.push(say(client, next(random() < 0.8)));
      if (underWay.length === 0) return false;
      const text = await client.next();
      if (!noteStock(text, connection, recording)) noteText(underWay.shift(), text, surprises);
      return true;
    });
    client.close();
  };
}

async function tcpBuyer(port: number): Promise<Buyer> {
  const client = await TextClient.connect(port);
  return async ({ next, goesOn, random, surprises }) => {
    const underWay: Attempt[] = [];
    await untilItEnds(async () => {
      while (underWay.length < WINDOW && goesOn()) underWay.push(say(client, next(random() < 0.8)));
      if (underWay.length === 0) return false;
      noteText(underWay.shift(), await client.next(), surprises);
      return true;
    });
    client.close();
  };
}

/** One request on a connection of its own after the other. */
function httpBuyer(port: number): Buyer {
  return async ({ next, goesOn, surprises }) => {
    await untilItEnds(async () => {
      const attempt = next(true);
      noteJson(
        attempt,
        (await buy(port, attempt.key ?? "", { quantity: attempt.quantity })).json(),
        surprises,
      );
      return goesOn();
    });
  };
}

/** Repeats a step until it says false, or the connection that it uses is gone. */
async function untilItEnds(step: () => Promise<boolean>): Promise<void> {
  try {
    while (await step());
  } catch {
    // Whatever wasn't answered stays open in the recording.
  }
}

function say(client: { say(line: string): void }, attempt: Attempt): Attempt {
  client.say(attempt.key === null ? "COMPRAR" : `COMPRAR ${attempt.quantity} ${attempt.key}`);
  return attempt;
}

async function watchJson(port: number, recording: Recording): Promise<void> {
  const client = await JsonClient.connect(port);
  const connection = recording.nextConnection();
  client.say({ type: "subscribe" });
  void untilItEnds(async () => {
    const message = await client.untilType("stock");
    const { offset } = message["position"] as { offset: number };
    recording.see(connection, message["available"] as number, offset);
    return true;
  });
}

async function watchTcp(port: number, recording: Recording): Promise<void> {
  const client = await TextClient.connect(port);
  const connection = recording.nextConnection();
  client.say("ASSINAR");
  void untilItEnds(async () => {
    noteStock(await client.next(), connection, recording);
    return true;
  }).then(() => client.close());
}

/** False if it isn't about stock. */
function noteStock(text: string, connection: number, recording: Recording): boolean {
  const match = /^ESTOQUE: (-?\d+)$/.exec(text);
  if (match === null) return false;
  recording.see(connection, Number(match[1]), null);
  return true;
}

function times<T>(count: number, make: () => Promise<T>): Promise<T>[] {
  return Array.from({ length: count }, make);
}
