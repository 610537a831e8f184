/**
 * A snapshot is a file of frames, chained like those of a segment: the purchases in the order of arrival, then the
 * books (one record a sale), then one frame that says it is the end. It is verified as a whole before any of it is believed, so
 * a state is never half restored; both passes run in constant memory.
 */
import type { BoxOffice } from "../box-office/box-office.ts";
import type { Purchase } from "../box-office/purchases.ts";
import { restoreBooks, restorePurchase, type BooksRecord } from "../box-office/snapshot.ts";
import type { NumberedFile } from "./data-directory.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { JournalCorrupt, messageOf } from "./fault.ts";
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from "./file-header.ts";
import { BOOKS, chainHash, END, PURCHASES } from "./frame.ts";
import { parseFrame, readFrames, type Frame, type Stop } from "./frame-reader.ts";

export interface VerifiedSnapshot {
  readonly path: string;
  readonly header: FileHeader;
  readonly bytes: number;
}

/** Why a snapshot can't be believed: it is not what was written from this byte on. */
export interface SnapshotDamage {
  readonly at: number;
  readonly what: string;
}

/** Reads a snapshot without taking anything from it; what is wrong with it is returned. */
export async function verifySnapshot(
  disk: Disk,
  { path, offset }: NumberedFile,
  maxFrameBytes: number,
): Promise<VerifiedSnapshot | SnapshotDamage> {
  const file = await disk.open(path, "read");
  try {
    let ended = false;
    const read = await readSnapshot(file, maxFrameBytes, (frame) => {
      ended = frame.kind === END;
    });
    if (typeof read === "string") return { at: 0, what: read };
    const { header, end } = read;
    if (header.first !== offset)
      return { at: 0, what: `its header says that it ends before event ${header.first}` };
    if (!ended) return { at: end.position, what: end.why };
    if (end.position !== (await file.size())) return { at: end.position, what: "something follows its end" };
    return { path, header, bytes: end.position };
  } finally {
    await file.close();
  }
}

/** Brings a new state to what a verified snapshot says. @throws {JournalCorrupt} see `readRecords`. */
export async function restoreSnapshot(
  disk: Disk,
  snapshot: VerifiedSnapshot,
  maxFrameBytes: number,
  state: BoxOffice,
): Promise<void> {
  await readRecords(disk, snapshot, maxFrameBytes, {
    // A fold that only counts needs none of them.
    purchase: state.purchases === null ? null : (purchase) => restorePurchase(state, purchase),
    books: (books) => restoreBooks(state, books),
  });
}

/** Who takes what a snapshot holds; purchases for nobody aren't even parsed. */
export interface RecordTaker {
  readonly purchase: ((purchase: Purchase) => void) | null;
  readonly books: (books: BooksRecord) => void;
}

/**
 * Hands on the records of a verified snapshot.
 *
 * @throws {JournalCorrupt} if they aren't what a snapshot is made of: its bytes are what was written, and whoever wrote
 *   them was another program, or wrong.
 */
export async function readRecords(
  disk: Disk,
  { path, header }: VerifiedSnapshot,
  maxFrameBytes: number,
  taker: RecordTaker,
): Promise<void> {
  let offset: unknown;
  const take = ({ kind, frame }: Frame): void => {
    if (kind === PURCHASES && taker.purchase !== null) {
      for (const purchase of parseFrame<Purchase>(frame)) taker.purchase(purchase);
    } else if (kind === BOOKS) {
      for (const books of parseFrame<BooksRecord>(frame)) {
        taker.books(books);
        ({ offset } = books);
      }
    }
  };
  const file = await disk.open(path, "read");
  try {
    await readSnapshot(file, maxFrameBytes, (frame) => {
      try {
        take(frame);
      } catch (cause) {
        const what = `it holds what no snapshot holds: ${messageOf(cause)}`;
        throw new JournalCorrupt(path, frame.position, what, cause);
      }
    });
  } finally {
    await file.close();
  }
  if (offset === header.first) return;
  const what = `its books are those after ${String(offset)} events, and its name says ${header.first}`;
  throw new JournalCorrupt(path, 0, what);
}

/** @returns the header and where the sound frames end, or what is wrong with the header. */
export async function readSnapshot(
  file: DiskFile,
  maxFrameBytes: number,
  visit: (frame: Frame) => void | Promise<void>,
): Promise<{ readonly header: FileHeader; readonly end: Stop } | string> {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  const header = decodeFileHeader("SNAPSHOT", bytes.subarray(0, await file.read(bytes, 0)));
  if (typeof header === "string") return header;
  const start = { position: FILE_HEADER_BYTES, offset: 0, hash: chainHash(bytes) };
  return { header, end: await readFrames(file, start, { maxFrameBytes }, visit) };
}
