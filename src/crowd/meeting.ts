/** Finds the box office, and says in one line why the crowd can't begin where it can't. */
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { BooksError, readSale, type SaleNow } from "./books.ts";
import { sumPlans, type CrowdPlan, type Transport } from "./plan.ts";
import type { Place } from "./wire.ts";
import { number } from "./words.ts";

/** Where people go, as it was typed. */
export interface Addresses {
  /** `ws://…` or `wss://…`, without a path. */
  readonly ws: string;
  /** `tcp://…` */
  readonly tcp: string;
  /** `http://…` or `https://…`, without a slash at the end: where the sale and its audit are. */
  readonly http: string;
  readonly sale: string;
}

export type Places = Readonly<Record<Transport, Place | null>>;

/** The crowd can't begin; the message says why, in Portuguese. */
export class Refused extends Error {
  readonly code = "CROWD_REFUSED";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "Refused";
  }
}

/** What it takes to sell, in the words for a sale that doesn't. */
const NOT_OPEN: Readonly<Record<string, string>> = {
  scheduled: "a venda ainda não abriu: espere, ou inicie o servidor sem --opens-at",
  paused: "a venda está pausada: abra-a antes",
  closed: "a venda está encerrada, e não abre mais: comece outra com --fresh",
};

/** @throws {Refused} */
export async function meet(
  plan: CrowdPlan,
  addresses: Addresses,
  timeoutMs: number,
): Promise<{ readonly sale: SaleNow; readonly places: Places }> {
  const sale = await findSale(addresses, timeoutMs);
  const why = whyNot(sale, plan);
  if (why !== null) throw new Refused(why);
  const path = addresses.sale === "default" ? "/" : `/vendas/${addresses.sale}`;
  const find = (transport: Transport): Promise<Place> | null =>
    plan.transports.includes(transport) ? findPlace(addresses[transport], path, timeoutMs) : null;
  const [ws, tcp] = await Promise.all([find("ws"), find("tcp")]);
  return { sale, places: { ws, tcp } };
}

async function findSale({ http, sale }: Addresses, timeoutMs: number): Promise<SaleNow> {
  try {
    return await readSale(http, sale, timeoutMs);
  } catch (cause) {
    if (!(cause instanceof BooksError)) throw cause;
    if (cause.status === 404) throw new Refused(`não há venda "${sale}" em ${http}`, cause);
    throw new Refused(
      `não há bilheteria em ${http} (${cause.message}): inicie uma em outro terminal, ou diga onde está com --url`,
      cause,
    );
  }
}

function whyNot({ state, available }: SaleNow, plan: CrowdPlan): string | null {
  const closed = NOT_OPEN[state];
  if (closed !== undefined) return closed;
  if (available <= 0) return "não há ingressos à venda: comece outra venda com --fresh";
  const { purchases, unruly } = sumPlans(plan);
  if (available <= purchases) return null;
  // The next run draws other rounds, and everybody comes for the fewest at least.
  const enough = (plan.users - unruly) * plan.rounds.low;
  return (
    `${number(available)} ingressos são mais do que ${number(plan.users)} usuários compram nas suas rodadas ` +
    `(${number(purchases)}): comece outra venda com --fresh --stock ${enough}, ou menos`
  );
}

/** One address out of all that the name has, at which somebody answers: asked once, not by each of thousands. */
async function findPlace(url: string, path: string, timeoutMs: number): Promise<Place> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const place = {
    port: Number(port || (protocol === "wss:" ? 443 : 80)),
    host,
    path,
    secure: protocol === "wss:",
  };
  let last: unknown;
  try {
    const found = isIP(host) === 0 ? await lookup(host, { all: true, verbatim: true }) : [{ address: host }];
    for (const { address } of found) {
      try {
        await knock(address, place.port, timeoutMs);
        return { ...place, address };
      } catch (cause) {
        last = cause;
      }
    }
  } catch (cause) {
    last = cause;
  }
  const why = last instanceof Error ? ((last as NodeJS.ErrnoException).code ?? last.message) : String(last);
  throw new Refused(`ninguém atende em ${url} (${why})`, last);
}

function knock(address: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("timeout", () => socket.destroy(new Error("sem resposta a tempo")));
    socket.once("error", reject);
  });
}
