/**
 * What one turn of the engine has for one worker, in one frame: what it published and the answers. The published part
 * is the same for all workers and encoded once. A frame is taken whole, so nothing can come between an answer and
 * what it caused, wherever the stream cuts.
 *
 * The body: `u32` length of the published part, that part as JSON, the answers as a JSON array. Either may be empty.
 */
import type { SaleEvent } from "../box-office/event.ts";
import type { SaleView } from "../box-office/sale.ts";
import type { Published } from "../engine/ports.ts";
import { answerOfRow, rowsOf, viewOf, type NumberedAnswer, type Row } from "./command-codec.ts";
import { emptyFrame, FrameKind, HEADER_BYTES } from "./framing.ts";
import { LinkFault } from "./link-fault.ts";

/** Several batches as one: the newest views, and of the events only those that a subscriber is told one by one. */
export interface Publication {
  readonly epoch: number;
  readonly views: readonly SaleView[];
  readonly events: readonly OffsetEvent[];
}

export interface OffsetEvent {
  readonly offset: number;
  readonly event: SaleEvent;
}

export interface Turn {
  readonly publication: Publication | null;
  readonly answers: readonly NumberedAnswer[];
}

const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/** Purchases are told by the views alone. */
export function publicationOf(batches: readonly Published[]): Publication | null {
  const newest = new Map<string, SaleView>();
  const events: OffsetEvent[] = [];
  for (const { views, events: happened, offset } of batches) {
    for (const view of views) newest.set(view.sale, view);
    happened.forEach((event, i) => {
      if (event.type !== "purchased") events.push({ offset: offset + i, event });
    });
  }
  const [first] = batches;
  return first === undefined ? null : { epoch: first.epoch, views: [...newest.values()], events };
}

export function encodePublication(publication: Publication | null): Buffer {
  return publication === null ? NOTHING : Buffer.from(JSON.stringify(publication));
}

export function turnFrame(publication: Buffer, answers: readonly Row[]): Buffer {
  const json = answers.length === 0 ? "" : JSON.stringify(answers);
  const body = LENGTH_BYTES + publication.length + Buffer.byteLength(json);
  const frame = emptyFrame(FrameKind.turn, body);
  frame.writeUInt32LE(publication.length, HEADER_BYTES);
  publication.copy(frame, HEADER_BYTES + LENGTH_BYTES);
  frame.write(json, HEADER_BYTES + LENGTH_BYTES + publication.length, "utf8");
  return frame;
}

/** @throws {LinkFault} if it is no such body. */
export function readTurn(body: Buffer): Turn {
  if (body.length < LENGTH_BYTES) throw new LinkFault("a turn came without its length");
  const middle = LENGTH_BYTES + body.readUInt32LE(0);
  if (middle > body.length) throw new LinkFault("a turn came that is shorter than it says");
  const published = body.toString("utf8", LENGTH_BYTES, middle);
  const answers = body.toString("utf8", middle);
  return {
    publication: published === "" ? null : readPublication(published),
    answers: answers === "" ? [] : rowsOf(answers).map(answerOfRow),
  };
}

function readPublication(json: string): Publication {
  const [value] = rowsOf(`[${json}]`);
  const { epoch, views, events } = (value ?? {}) as Partial<Publication>;
  if (!Number.isSafeInteger(epoch) || !Array.isArray(views) || !Array.isArray(events)) {
    throw new LinkFault("a publication came that is none");
  }
  for (const view of views) viewOf(view);
  for (const entry of events as readonly (Partial<OffsetEvent> | null)[]) {
    if (!Number.isSafeInteger(entry?.offset) || typeof entry?.event?.type !== "string") {
      throw new LinkFault("an event came that is none");
    }
  }
  return value as Publication;
}
