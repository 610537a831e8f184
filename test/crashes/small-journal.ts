/**
 * Loaded before the server (`node --import`): a journal whose segments are full in a moment, so that a short run of
 * crashes meets full segments, spare ones and snapshots. SEGMENT_KIB makes them smaller still. Everything else is the
 * server as it is.
 */
import { LIMITS } from "../../src/limits.ts";

const KIB = 1024;

Object.assign(LIMITS.journal, {
  segmentBytes: Number(process.env["SEGMENT_KIB"] ?? 256) * KIB,
  stepBytes: 64 * KIB,
  roomAheadBytes: 96 * KIB,
  maxFrameBytes: 32 * KIB,
  snapshotEveryBytes: 512 * KIB,
});
