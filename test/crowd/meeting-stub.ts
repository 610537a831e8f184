/** Plays the crowd, processes and all, against the stub; in a hurry, so that a whole sale takes about a second. */
import { LIMITS } from "../../src/limits.ts";
import { playCrowd } from "../../src/crowd/play.ts";
import type { CrowdResult } from "../../src/crowd/result.ts";
import { readCrowdSettings } from "../../src/command-line/crowd-settings.ts";
import { StubBoxOffice } from "../loadtest/stub-box-office.ts";
import type { Lie } from "../loadtest/stub-office.ts";

export const STUB_STOCK = 10;

const HURRY = [
  "--users",
  "12",
  "--rounds",
  "2-3",
  "--think",
  "20-80",
  "--listen",
  "0.1-0.2",
  "--seed",
  "1",
  "--notice-within",
  "20000",
];

/** Shorter than those of production where a test would have to wait for them; a busy machine gets its time. */
const SHORT = {
  ...LIMITS.crowd,
  usersPerProcess: 6,
  replyMs: 10_000,
  knockMs: 20_000,
  newsMs: 50,
  settleMs: 150,
};

export async function meetStub(
  lie: Lie,
  flags: readonly string[] = [],
  { stock = STUB_STOCK, state = "open", signal = new AbortController().signal } = {},
): Promise<CrowdResult> {
  const office = new StubBoxOffice(stock, lie, state);
  const http = await office.listen();
  const tcpPort = await office.listenTcp();
  const urls = ["--url", http.replace("http", "ws"), "--url", `tcp://127.0.0.1:${tcpPort}`];
  const settings = readCrowdSettings([...HURRY, ...urls, ...flags], () => 1);
  try {
    return await playCrowd({ ...settings, limits: SHORT, signal, started: () => {}, watch: () => {} });
  } finally {
    await office.close();
  }
}

export function brokenChecks({ checks }: CrowdResult): string[] {
  return checks.filter(({ state }) => state === "broken").map(({ name }) => name);
}
