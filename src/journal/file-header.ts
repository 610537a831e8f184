/**
 * The first sector of every file of the journal, and all of a backup's mark: a line that a person can read, and a checksum.
 *
 *     BILHETERIA-SEGMENT {"version":1,"log":"9f…","epoch":3,"first":120,"before":"c0…"}   …   5d41402a⏎
 *
 * It is one sector long and holds no zero byte. Files get their name only once they are whole, so a header that isn't
 * intact is damage, never an unfinished write.
 */
import { crc32 } from "node:zlib";

export const FILE_HEADER_BYTES = 512;

export const FORMAT_VERSION = 1;

const SUM_AT = FILE_HEADER_BYTES - 9;

export interface FileHeader {
  /** 32 hexadecimal digits, drawn when the log was begun and the same in all of its files. */
  readonly log: string;
  readonly epoch: number;
  /** Segment: offset of its first event. Snapshot and backup: offset of the first event that it doesn't hold. */
  readonly first: number;
  /** 32 hexadecimal digits: the chain's hash just before `first`; zeros where the log begins. */
  readonly before: string;
}

export type FileKind = "SEGMENT" | "SNAPSHOT" | "BACKUP";

export const NOTHING_BEFORE = "0".repeat(32);

export function encodeFileHeader(kind: FileKind, header: FileHeader): Buffer {
  const { log, epoch, first, before } = header;
  const json = JSON.stringify({ version: FORMAT_VERSION, log, epoch, first, before });
  const bytes = Buffer.alloc(FILE_HEADER_BYTES, " ");
  bytes.write(`BILHETERIA-${kind} ${json}`, 0, "latin1");
  bytes.write(`${sumOf(bytes)}\n`, SUM_AT, "latin1");
  return bytes;
}

/** What is wrong with a header is returned as a string, for whoever knows the file's name. */
export function decodeFileHeader(kind: FileKind, bytes: Buffer): FileHeader | string {
  if (bytes.length < FILE_HEADER_BYTES) return "the file is shorter than its header";
  const text = bytes.toString("latin1", 0, FILE_HEADER_BYTES);
  // Compared as text, so that a turned bit in the sum itself (a for A) doesn't pass.
  if (text.slice(SUM_AT) !== `${sumOf(bytes)}\n`) return "the header's checksum is wrong";
  const open = `BILHETERIA-${kind} `;
  if (!text.startsWith(open)) return `the header isn't that of a ${kind.toLowerCase()}`;
  const { version, ...header } = JSON.parse(text.slice(open.length, SUM_AT)) as FileHeader & {
    readonly version: number;
  };
  if (version !== FORMAT_VERSION)
    return `the format has version ${version}; this program knows ${FORMAT_VERSION}`;
  return header;
}

function sumOf(bytes: Buffer): string {
  return crc32(bytes.subarray(0, SUM_AT)).toString(16).padStart(8, "0");
}
