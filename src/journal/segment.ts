/** Reading one segment: its header, its frames, and what must hold between it and the one before. */
import type { SaleEvent } from "../box-office/event.ts";
import type { DataDirectory, NumberedFile } from "./data-directory.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { JournalCorrupt, messageOf, systemCode } from "./fault.ts";
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from "./file-header.ts";
import { chainHash, EVENTS } from "./frame.ts";
import { parseFrame, readFrames, type Chain, type Stop } from "./frame-reader.ts";

/** What a segment has to continue; null where anything may stand (nothing before it was read). */
export interface Before {
  readonly log: string;
  readonly epoch: number;
  readonly hash: string;
}

export interface OpenedSegment {
  readonly file: DiskFile;
  readonly path: string;
  readonly size: number;
  readonly header: FileHeader;
  /** What its first frame names as the one before. */
  readonly hash: Buffer;
}

/** @param position where in the file their frame begins. */
export type EventVisitor = (
  events: readonly SaleEvent[],
  epoch: number,
  position: number,
) => void | Promise<void>;

/**
 * Opens a segment and checks its length and header; the caller closes the file.
 *
 * @param stepBytes lengths are multiples of this; null for a segment that is being written, whose length changes.
 * @throws {JournalCorrupt}
 */
export async function openSegment(
  disk: Disk,
  { path, offset }: NumberedFile,
  before: Before | null,
  stepBytes: number | null,
): Promise<OpenedSegment> {
  const file = await disk.open(path, "read");
  try {
    const size = await file.size();
    if (stepBytes !== null && size % stepBytes !== 0) {
      throw new JournalCorrupt(path, size, `its length isn't a multiple of ${stepBytes}, so it was cut`);
    }
    const bytes = Buffer.alloc(FILE_HEADER_BYTES);
    const header = decodeFileHeader("SEGMENT", bytes.subarray(0, await file.read(bytes, 0)));
    if (typeof header === "string") throw new JournalCorrupt(path, 0, header);
    const wrong = misplaced(header, offset, before);
    if (wrong !== null) throw new JournalCorrupt(path, 0, wrong);
    return { file, path, size, header, hash: chainHash(bytes) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * A segment that goes by another name is never read, and if it was the newest nobody would miss it: the sale would begin
 * again where the one before it ended. So whoever lists segments asks for such first.
 *
 * @param segments those that go by their names; a copy of one of them does no harm.
 */
export async function findMisnamed(
  disk: Disk,
  directory: DataDirectory,
  segments: readonly NumberedFile[],
): Promise<JournalCorrupt | null> {
  for (const path of await directory.strangers(disk)) {
    const header = await headerOf(disk, path);
    if (header === null || segments.some(({ offset }) => offset === header.first)) continue;
    const name = directory.segmentPath(header.first);
    return new JournalCorrupt(path, 0, `it is the segment ${name}, but isn't called so`);
  }
  return null;
}

/** The header of what may be a segment; null for whatever else it is, and a folder can't even be read. */
async function headerOf(disk: Disk, path: string): Promise<FileHeader | null> {
  const file = await disk.open(path, "read");
  try {
    const bytes = Buffer.alloc(FILE_HEADER_BYTES);
    const read = await file.read(bytes, 0).catch((error: unknown) => {
      if (systemCode(error) !== "EISDIR") throw error;
      return 0;
    });
    const header = decodeFileHeader("SEGMENT", bytes.subarray(0, read));
    return typeof header === "string" ? null : header;
  } finally {
    await file.close();
  }
}

/** @throws {JournalCorrupt} if a sound frame holds what `visit` can't take. */
export function readSegment(
  segment: OpenedSegment,
  options: { readonly maxFrameBytes: number; readonly until?: number },
  visit: EventVisitor,
): Promise<Stop> {
  const { header, hash } = segment;
  const start = { position: FILE_HEADER_BYTES, offset: header.first, hash };
  return readOn(segment, start, options, visit);
}

/** The same from a place where an earlier reading stopped. */
export function readOn(
  segment: OpenedSegment,
  start: Chain,
  options: { readonly maxFrameBytes: number; readonly until?: number },
  visit: EventVisitor,
): Promise<Stop> {
  const { file, path, header } = segment;
  return readFrames(file, start, options, ({ kind, position, count, frame }) => {
    if (kind !== EVENTS) throw new JournalCorrupt(path, position, "the frame there doesn't hold events");
    try {
      const events = parseFrame<SaleEvent>(frame);
      if (events.length !== count) throw new Error(`the frame holds ${events.length} events, not ${count}`);
      return visit(events, header.epoch, position);
    } catch (cause) {
      throw new JournalCorrupt(path, position, messageOf(cause), cause);
    }
  });
}

/** A segment that begins with another event than the one whose turn it is. */
export function outOfTurn({ path, offset }: NumberedFile, due: number): JournalCorrupt {
  const what =
    due < offset ? `events ${due} to ${offset - 1} are missing` : `it repeats events from ${offset} on`;
  return new JournalCorrupt(path, 0, what);
}

/** A first segment that isn't the log's first. @param why no snapshot stands for those before it. */
export function nothingBefore({ path }: NumberedFile, why = ""): JournalCorrupt {
  return new JournalCorrupt(path, 0, `the segments before it are gone and no snapshot stands for them${why}`);
}

/** The segment that should begin where a snapshot ends. */
export function missingAfter(snapshot: NumberedFile, segment: string): JournalCorrupt {
  return new JournalCorrupt(segment, 0, `it is missing, although ${snapshot.path} says that it was begun`);
}

function misplaced(header: FileHeader, offset: number, before: Before | null): string | null {
  if (header.first !== offset) return `its header says that it begins with event ${header.first}`;
  if (before === null) return null;
  if (header.log !== before.log) return "it belongs to another journal";
  if (header.before !== before.hash) return "it doesn't continue the segment before it";
  if (header.epoch < before.epoch) return `its epoch ${header.epoch} is below that of the segment before it`;
  return null;
}
