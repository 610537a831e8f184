/**
 * The journal on disk: one batch of events is one frame, one frame is one durable write. The files are described in
 * docs/decisions/0002-journal-format.md.
 *
 * What can go wrong, and why this is right:
 *
 * - *The process or the machine dies within a write.* One frame is in flight at a time and nobody is answered before
 *   it has returned, so only the last frame can be torn, and only one that nobody knows of (tail.ts).
 * - *A write or its sync fails.* Whether the frame is there can't be known, and a sync that is tried again may say yes
 *   to bytes that are lost (the kernel reports an error once). So the journal takes nothing more, and the process is
 *   expected to stop; the next start reads what the disk has, and rewrites it (sealing.ts).
 * - *The disk is full.* Frames go into space that was made before, so a full disk can't fail a write; sales are
 *   refused when the space ahead runs out, and go on when there is some again (room.ts).
 * - *A sync never returns.* Nothing can be done about it here; `health` says so.
 * - *Two processes write.* The caller holds the directory's lock (lock.ts) for as long as the journal is open.
 */
import type { SaleEvent } from "../box-office/event.ts";
import type { AppendResult, Clock, Journal, JournalHealth } from "../engine/ports.ts";
import { Draft } from "./draft.ts";
import { messageOf } from "./fault.ts";
import type { FileHeader } from "./file-header.ts";
import { chainHash, FRAME_HEADER_BYTES } from "./frame.ts";
import type { JournalLimits } from "./limits.ts";
import type { Room } from "./room.ts";

export interface FileJournalParts {
  readonly clock: Clock;
  readonly limits: JournalLimits;
  /** The open segment, just begun. */
  readonly room: Room;
  /** Its header. */
  readonly header: FileHeader;
  /** What its first frame names as the one before. */
  readonly hash: Buffer;
  /** Told when a segment is full and the next has been begun, with the bytes of the full one. */
  readonly onSealed: (offset: number, bytes: number) => void;
  /** Called once by `close`, after the files are closed. */
  readonly release: () => Promise<void>;
}

/** The comma or bracket that JSON puts around the events, and the newline. */
const PAYLOAD_OVERHEAD_BYTES = 3;

const DURABLE: AppendResult = { kind: "durable" };

export class FileJournal implements Journal {
  readonly epoch: number;
  readonly maxAppendBytes: number;
  readonly #parts: FileJournalParts;
  readonly #draft: Draft;
  /** Events that are durable, which is the offset of the next one. */
  #offset: number;
  #hash: Buffer;
  /** By the monotonic clock, or null if no append is in flight. */
  #since: number | null = null;
  /** Of the frame in flight; 0 if there is none. */
  #pending = 0;
  #landed: (() => void) | null = null;
  /** Set by the first append that fails and by `close`; from then on nothing is taken. */
  #refusal: AppendResult | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: FileJournalParts) {
    const { header, limits } = parts;
    this.#parts = parts;
    this.epoch = header.epoch;
    this.maxAppendBytes = limits.maxFrameBytes - FRAME_HEADER_BYTES - PAYLOAD_OVERHEAD_BYTES;
    this.#draft = new Draft(limits.maxFrameBytes);
    this.#offset = header.first;
    this.#hash = parts.hash;
  }

  /** Names the journal, in 32 hexadecimal digits: the same in every epoch, another for one that is begun anew. */
  get id(): string {
    return this.#parts.header.log;
  }

  /** Path of the segment that is written to. */
  get segment(): string {
    return this.#parts.room.segment.path;
  }

  prepare(events: readonly SaleEvent[]): void {
    if (this.#refusal === null) this.#draft.write(events);
  }

  append(events: readonly SaleEvent[]): Promise<AppendResult> {
    if (this.#refusal !== null) return Promise.resolve(this.#refusal);
    if (events.length === 0) return Promise.resolve(DURABLE);
    if (this.#since !== null) return Promise.resolve(this.#fail(new Error("two appends were begun at once")));
    const bytes = this.#draft.finish(events);
    if (bytes === null) return Promise.resolve(this.#fail(new Error("the events don't fit in one frame")));
    this.#since = this.#parts.clock.monotonic();
    this.#pending = bytes;
    return new Promise((resolve) => {
      if (this.#parts.room.fits(bytes)) this.#write(events.length, bytes, resolve);
      else void this.#writeElsewhere(events.length, bytes, resolve);
    });
  }

  health(): JournalHealth {
    if (this.#refusal !== null && this.#refusal.kind !== "durable") {
      return { ok: false, why: this.#refusal.message };
    }
    const waited = this.#since === null ? 0 : this.#parts.clock.monotonic() - this.#since;
    if (waited > this.#parts.limits.syncHangMs) {
      return { ok: false, why: `a sync has been hanging for ${Math.floor(waited / 1000)} s` };
    }
    if (this.hasRoom()) return { ok: true };
    return { ok: false, why: this.#parts.room.trouble ?? "space for the journal is still being made" };
  }

  hasRoom(): boolean {
    return this.#parts.room.hasRoom(this.#pending);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #write(count: number, bytes: number, resolve: (result: AppendResult) => void): void {
    const { room } = this.#parts;
    const frame = this.#draft.seal(bytes, this.#offset, count, this.#hash);
    room.segment.write(frame, room.position, (error) => {
      if (error !== null) return resolve(this.#fail(error));
      this.#offset += count;
      room.advance(bytes);
      this.#land();
      resolve(DURABLE);
    });
    // While the disk works: the next frame needs it, and this one doesn't.
    this.#hash = chainHash(frame);
  }

  /** The segment is full, or its space isn't made yet. */
  async #writeElsewhere(
    count: number,
    bytes: number,
    resolve: (result: AppendResult) => void,
  ): Promise<void> {
    const { room, header, onSealed } = this.#parts;
    try {
      const end = room.position;
      const next = { ...header, first: this.#offset, before: this.#hash.toString("hex") };
      const begun = await room.makeFit(bytes, next);
      if (begun !== null) {
        this.#hash = chainHash(begun);
        onSealed(this.#offset, end);
      }
      this.#write(count, bytes, resolve);
    } catch (error) {
      resolve(this.#fail(error));
    }
  }

  #fail(cause: unknown): AppendResult {
    const why = messageOf(cause);
    this.#refusal ??= { kind: "unknown", message: `the journal could not be written: ${why}`, cause };
    this.#land();
    return this.#refusal;
  }

  #land(): void {
    this.#since = null;
    this.#pending = 0;
    this.#landed?.();
  }

  async #close(): Promise<void> {
    if (this.#since !== null) {
      await new Promise<void>((resolve) => {
        this.#landed = resolve;
      });
    }
    this.#refusal ??= { kind: "unknown", message: "the journal is closed", cause: null };
    await this.#parts.room.close();
    await this.#parts.release();
  }
}
