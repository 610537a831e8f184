/** `bilheteria journal cat`: events as JSON lines, as fast as whoever reads them takes them, in constant memory. */
import type { Console, GivenFlags } from "./commands.ts";
import type { SaleEvent } from "../box-office/event.ts";
import { ConfigError } from "../config.ts";
import { LIMITS } from "../limits.ts";
import { readEvents, type Reading } from "../journal/event-reading.ts";
import { nodeDisk } from "../journal/node-disk.ts";
import { livenessOf } from "./live-directory.ts";

/** Standard output was closed, as `| head` does: there is nobody left to write for. */
class ReaderGone extends Error {}

/** @returns true; damage is thrown, after everything before it was printed. */
export async function printEvents(given: GivenFlags, { complain }: Console): Promise<boolean> {
  const directory = given.text("data");
  const from = Number(given.text("from"));
  const to = Number(given.optional("to") ?? Infinity);
  if (to < from)
    throw new ConfigError(`--to ${to} is before --from ${from}. See bilheteria journal cat --help`);
  const sale = given.optional("sale");
  const { pause } = await livenessOf(directory);
  const output = new Output(process.stdout);
  try {
    const options = { disk: nodeDisk, directory, limits: LIMITS.journal, pause, from, to };
    const reading = await readEvents(options, async (events, first, epoch) => {
      let lines = "";
      for (const [i, event] of events.entries()) {
        if (sale !== null && !isAbout(event, sale)) continue;
        lines += `${JSON.stringify({ offset: first + i, epoch, event })}\n`;
      }
      if (lines !== "") await output.write(lines);
    });
    for (const note of notesOf(reading, from)) complain(note);
  } catch (cause) {
    if (!(cause instanceof ReaderGone)) throw cause;
  }
  return true;
}

function isAbout(event: SaleEvent, sale: string): boolean {
  return event.type === "purchased" ? event.items.some((item) => item.sale === sale) : event.sale === sale;
}

function notesOf({ begins, torn }: Reading, from: number): string[] {
  const notes: string[] = [];
  if (from < begins)
    notes.push(`the journal here begins with event ${begins}; a snapshot stands for those before it`);
  if (torn !== null)
    notes.push(
      `${torn.file} ends in an unfinished write at byte ${torn.offset}; nobody was answered from it, and the next start cuts it`,
    );
  return notes;
}

class Output {
  readonly #stream: NodeJS.WriteStream;
  #fault: Error | null = null;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#fault = error.code === "EPIPE" ? new ReaderGone() : error;
    });
  }

  /** Resolves when the stream has taken it. @throws {ReaderGone} if nobody reads any more. */
  async write(text: string): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.write(text, () => resolve()));
    if (this.#fault !== null) throw this.#fault;
  }
}
