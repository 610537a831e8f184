/** The words after `bilheteria crowd` become settings here. What it says is Portuguese: it is for a classroom. */
import { DEFAULT_SALE, readSettings } from "../config.ts";
import { LIMITS } from "../limits.ts";
import type { Addresses } from "../crowd/meeting.ts";
import type { CrowdPlan, Transport } from "../crowd/plan.ts";
import type { Range } from "../crowd/random.ts";
import { milliseconds, number } from "../crowd/words.ts";
import {
  CROWD_FLAGS,
  CrowdUsageError,
  parseCrowdFlags,
  type CrowdFlagName,
  type Given,
} from "./crowd-flags.ts";

export interface CrowdSettings {
  readonly plan: CrowdPlan;
  readonly addresses: Addresses;
  readonly noticeWithinMs: number;
  readonly json: boolean;
}

/**
 * @param args the words after `crowd`.
 * @param newSeed a whole number from 0 up to the highest seed, for where none is given.
 * @throws {CrowdUsageError} at the first that is unknown or out of range.
 */
export function readCrowdSettings(args: readonly string[], newSeed: () => number): CrowdSettings {
  const given = parseCrowdFlags(args);
  const { crowd } = LIMITS;
  const text = (name: "users" | "rounds" | "think" | "listen" | "notice-within"): string =>
    given[name] === undefined ? CROWD_FLAGS[name].standard : String(given[name]);
  const { transports, addresses } = readAddresses(given);
  const thinkMs = readRange("think", text("think"), { low: 0, high: crowd.pauseMs });
  const listen = readRange("listen", text("listen"), { low: 0, high: crowd.pauseMs / 1000 });
  const listenMs = { low: listen.low * 1000, high: listen.high * 1000 };
  if (thinkMs.low + listenMs.low < crowd.shortestRoundMs) {
    throw new CrowdUsageError(
      `--think e --listen: uma rodada de menos de ${milliseconds(crowd.shortestRoundMs)} passa do limite de comandos por segundo do servidor`,
    );
  }
  return {
    plan: {
      users: readWhole("users", text("users"), 1, crowd.users),
      transports,
      rounds: readRange("rounds", text("rounds"), { low: 1, high: crowd.rounds }, true),
      thinkMs,
      listenMs,
      seed: given["seed"] === undefined ? newSeed() : readWhole("seed", String(given["seed"]), 0, crowd.seed),
      unruly: given["chaos"] === true ? crowd.unruly : 0,
    },
    addresses,
    noticeWithinMs: readWhole("notice-within", text("notice-within"), 1, crowd.noticeWithinMs),
    json: given["json"] === true,
  };
}

function readWhole(name: CrowdFlagName, text: string, low: number, high: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw new CrowdUsageError(`--${name} ${text}: use um número inteiro de ${low} a ${number(high)}`);
}

/** `10-20`, or `15` for 15 of both. */
function readRange(name: CrowdFlagName, text: string, bounds: Range, isWhole = false): Range {
  const figure = isWhole ? String.raw`(\d{1,9})` : String.raw`(\d{1,9}(?:\.\d{1,3})?)`;
  const match = new RegExp(`^${figure}(?:-${figure})?$`).exec(text);
  const range = {
    low: Number(match?.[1] ?? Number.NaN),
    high: Number(match?.[2] ?? match?.[1] ?? Number.NaN),
  };
  if (range.low >= bounds.low && range.low <= range.high && range.high <= bounds.high) return range;
  throw new CrowdUsageError(
    `--${name} ${text}: use de menos a mais, como ${CROWD_FLAGS[name as "rounds"].standard}, entre ${bounds.low} e ${number(bounds.high)}`,
  );
}

type Transports = CrowdPlan["transports"];

const TRANSPORTS: Readonly<Record<string, Transports>> = { ws: ["ws"], tcp: ["tcp"], both: ["ws", "tcp"] };

/** The addresses that aren't given are those of a server that was started without flags, on the same machine. */
function readAddresses(given: Given): { transports: Transports; addresses: Addresses } {
  const urls = [given["url"] ?? []]
    .flat()
    .map((text) => readUrl("url", String(text), ["ws:", "wss:", "tcp:"]));
  const of = (transport: Transport): URL | undefined =>
    urls.find(({ protocol }) => (protocol === "tcp:") === (transport === "tcp"));
  const [ws, tcp] = [of("ws"), of("tcp")];
  if (urls.length > Number(ws !== undefined) + Number(tcp !== undefined)) {
    throw new CrowdUsageError("--url: no máximo um endereço ws e um tcp");
  }
  const transports = readTransports(given["transport"], ws, tcp);
  const { port, tcpPort } = readSettings([], {});
  const hostname = ws?.hostname ?? tcp?.hostname ?? "localhost";
  if (tcp?.port === "")
    throw new CrowdUsageError("--url: o endereço tcp precisa de uma porta, como tcp://localhost:12346");
  const sale = readSaleName(ws);
  if (transports.includes("tcp") && sale !== DEFAULT_SALE) {
    throw new CrowdUsageError(`--url: por tcp só se fala da venda ${JSON.stringify(DEFAULT_SALE)}`);
  }
  const wsUrl = ws === undefined ? `ws://${hostname}:${port}` : `${ws.protocol}//${ws.host}`;
  const http =
    given["http"] === undefined
      ? wsUrl.replace(/^ws/, "http")
      : readUrl("http", String(given["http"]), ["http:", "https:"]).origin;
  return {
    transports,
    addresses: { ws: wsUrl, tcp: `tcp://${tcp?.hostname ?? hostname}:${tcp?.port ?? tcpPort}`, http, sale },
  };
}

function readTransports(asked: Given[string], ws: URL | undefined, tcp: URL | undefined): Transports {
  if (asked === undefined) {
    if (tcp === undefined) return ["ws"];
    return ws === undefined ? ["tcp"] : ["ws", "tcp"];
  }
  const transports = TRANSPORTS[String(asked)];
  if (transports === undefined || !Object.hasOwn(TRANSPORTS, String(asked))) {
    throw new CrowdUsageError(`--transport ${String(asked)}: use ws, tcp ou both`);
  }
  return transports;
}

function readUrl(name: "url" | "http", text: string, protocols: readonly string[]): URL {
  const words = protocols.map((protocol) => `${protocol}//`).join(", ");
  if (!URL.canParse(text))
    throw new CrowdUsageError(`--${name} ${text}: use um endereço que comece com ${words}`);
  const url = new URL(text);
  if (!protocols.includes(url.protocol) || url.hostname === "") {
    throw new CrowdUsageError(`--${name} ${text}: use um endereço que comece com ${words}`);
  }
  return url;
}

function readSaleName(ws: URL | undefined): string {
  const path = ws?.pathname ?? "/";
  if (path === "/" || path === "/ws") return DEFAULT_SALE;
  const sale = /^\/vendas\/([\w-]{1,64})$/.exec(path)?.[1];
  if (sale === undefined)
    throw new CrowdUsageError(`--url: ${path} não é o caminho de uma venda, como /vendas/show`);
  return sale;
}
