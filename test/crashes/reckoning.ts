/** After a crash: what has no answer is asked for again, and the books are held against what the buyers remember. */
import type { ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient } from "../support/ws-client.ts";
import { examine, type Finding } from "./auditor.ts";
import { readBooks, type ReadBooks } from "./books.ts";
import { noteJson, noteText } from "./notes.ts";
import type { Attempt, Recording } from "./recording.ts";

export interface Reckoning {
  readonly findings: readonly (Finding | { readonly kind: "surprise"; readonly what: string })[];
  /** As they were before anything was asked for again, and afterwards. */
  readonly before: ReadBooks;
  readonly books: ReadBooks;
  readonly retried: number;
  /** Answered keys that were sent again. */
  readonly repeated: number;
}

/** Retries under way at once on one connection. */
const WINDOW = 200;

/** @param repeats how many answered keys are sent again too, drawn by `random`. */
export async function reckon(
  server: ListeningProcess,
  recording: Recording,
  { repeats, random }: { readonly repeats: number; readonly random: () => number },
): Promise<Reckoning> {
  const before = await readBooks(server.httpPort);
  const early = examine(recording, before);
  const open = recording.unanswered();
  const keyed = recording.attempts.filter(({ key, receipts }) => key !== null && receipts.length > 0);
  const again = Array.from({ length: Math.min(repeats, keyed.length) }, () => {
    return keyed[Math.floor(random() * keyed.length)]!;
  });
  const surprises: string[] = [];
  await askAgain([...open, ...again], server, surprises);
  const books = await readBooks(server.httpPort);
  const findings = [
    ...early,
    ...examine(recording, books),
    ...surprises.map((what) => ({ kind: "surprise" as const, what })),
  ];
  return { findings, before, books, retried: open.length, repeated: again.length };
}

/** Most over JSON, some over raw TCP: a key is the same on both. */
async function askAgain(
  attempts: readonly Attempt[],
  { httpPort, tcpPort }: ListeningProcess,
  surprises: string[],
): Promise<void> {
  const json = await JsonClient.connect(httpPort);
  const tcp = await TextClient.connect(tcpPort);
  for (let at = 0; at < attempts.length; at += WINDOW) {
    const window = attempts.slice(at, at + WINDOW);
    const inJson = window.filter((_attempt, i) => i % 3 !== 0);
    const inText = window.filter((_attempt, i) => i % 3 === 0);
    for (const { key, quantity } of inJson) json.say({ type: "buy", id: key, quantity });
    for (const { key, quantity } of inText) tcp.say(`COMPRAR ${quantity} ${key}`);
    for (const attempt of inJson) noteJson(attempt, await json.next(), surprises);
    for (const attempt of inText) noteText(attempt, await tcp.next(), surprises);
  }
  json.ws.close();
  tcp.close();
}
