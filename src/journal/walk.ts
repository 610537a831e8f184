/**
 * Reading a segment to its end and judging the end: what a start, `verify`, `journal cat` and a backup have in common.
 * Nothing is changed.
 *
 * A directory that a server is writing to can be walked too. What was answered before the walk began is whole: its
 * writes had returned, and a read sees what a returned write wrote. Only what stands behind it may be a frame that is
 * being written just now, which looks like an unfinished or damaged one. So there the end is looked at again until it
 * is clean, or has moved on, or has stood still for as long as `LIVE_LOOKS` says.
 */
import type { NumberedFile } from "./data-directory.ts";
import type { Disk } from "./disk.ts";
import { JournalCorrupt } from "./fault.ts";
import { NOTHING_BEFORE, type FileHeader } from "./file-header.ts";
import type { Chain, Stop } from "./frame-reader.ts";
import type { JournalLimits } from "./limits.ts";
import {
  openSegment,
  readOn,
  readSegment,
  type Before,
  type EventVisitor,
  type OpenedSegment,
} from "./segment.ts";
import { firstNonZero, judgeTail, type Tail } from "./tail.ts";

export interface WalkOptions {
  readonly limits: JournalLimits;
  /** The newest segment: its end may be unfinished. */
  readonly isLast: boolean;
  /** How to wait before looking again, where somebody may be writing; null where nobody can be. */
  readonly pause?: Pause | null;
  /** Stop where this offset is reached, and judge nothing behind it. */
  readonly until?: number;
}

export type Pause = (ms: number) => Promise<void>;

export interface WalkedSegment {
  readonly path: string;
  readonly header: FileHeader;
  /** Where its sound frames end. */
  readonly end: Chain;
  readonly torn: { readonly position: number; readonly bytes: Buffer } | null;
}

/** How often the end of a live segment is looked at, and how long to wait between: 2 s in all. */
const LIVE_LOOKS = 40;

const LIVE_PAUSE_MS = 50;

/**
 * @param before what it has to continue; null where the log begins with it, `anything` where that isn't known.
 * @throws {JournalCorrupt} at the first thing that isn't what was written, or that `visit` can't take.
 */
export async function walkSegment(
  disk: Disk,
  file: NumberedFile,
  before: Before | null | "anything",
  options: WalkOptions,
  visit: EventVisitor,
): Promise<WalkedSegment> {
  const { limits, until = Infinity } = options;
  const segment = await openSegment(disk, file, before === "anything" ? null : before, limits.stepBytes);
  try {
    const { path, header } = segment;
    if (before === null && header.before !== NOTHING_BEFORE)
      throw new JournalCorrupt(path, 0, "it continues a segment that isn't there");
    const { maxFrameBytes } = limits;
    const stop = await readSegment(segment, { maxFrameBytes, until }, visit);
    if (stop.reason === "limit") return { path, header, end: stop, torn: null };
    const { end, tail } = await judgeEnd(segment, stop, options, visit);
    if (tail.kind === "damaged") throw new JournalCorrupt(path, tail.position, tail.what);
    return { path, header, end, torn: tail.kind === "torn" ? tail : null };
  } finally {
    await segment.file.close();
  }
}

async function judgeEnd(
  segment: OpenedSegment,
  first: Stop,
  { limits, isLast, pause = null, until = Infinity }: WalkOptions,
  visit: EventVisitor,
): Promise<{ readonly end: Stop; readonly tail: Tail }> {
  const { maxFrameBytes } = limits;
  if (!isLast) return { end: first, tail: await judgeSealedTail(segment, first) };
  let end = first;
  let tail = await judgeTail(segment.file, await segment.file.size(), end, maxFrameBytes);
  for (let left = pause === null ? 0 : LIVE_LOOKS; tail.kind !== "clean" && left > 0; left--) {
    await pause?.(LIVE_PAUSE_MS);
    const next = await readOn(segment, end, { maxFrameBytes, until }, visit);
    // What looked bad has become a sound frame: it was being written, and so is whatever stands behind it now.
    if (next.position > end.position) return { end: next, tail: { kind: "clean" } };
    end = next;
    tail = await judgeTail(segment.file, await segment.file.size(), end, maxFrameBytes);
  }
  return { end, tail };
}

/** What the segment after this one has to continue. */
export function afterSegment({ header, end }: WalkedSegment): Before {
  return { log: header.log, epoch: header.epoch, hash: end.hash.toString("hex") };
}

/** A sealed segment ends in zeros: its last frame was followed by another segment, so it was whole. */
async function judgeSealedTail(segment: OpenedSegment, stop: Stop): Promise<Tail> {
  const { position, reason, why } = stop;
  const { file, size } = segment;
  if (position >= size) {
    return { kind: "damaged", position, what: "the file ends where space made ahead should follow" };
  }
  const after = await firstNonZero(file, position, size);
  if (after === null) return { kind: "clean" };
  return { kind: "damaged", position, what: reason === "header" ? "no intact frame stands there" : why };
}
