import type { Hub } from "../broadcast/hub.ts";
import type { Clock, CommandRecorder, Counter, Entropy, Scheduler } from "../engine/ports.ts";
import type { Limits } from "../limits.ts";
import type { RequestLimits } from "../protocol/request.ts";
import type { NameBuyer } from "./buyer-names.ts";
import type { ReplyFlusher } from "./connection.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** What every session shares. */
export interface Desk {
  readonly counter: Counter;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly after: Scheduler["after"];
  /** Null where no command log is kept: then nothing is made for it either. */
  readonly recorder: CommandRecorder | null;
  readonly flusher: ReplyFlusher;
  readonly limits: Limits;
  /** What a request may be, as the dialects check it. */
  readonly requestLimits: RequestLimits;
  /** Commands per second and connection; 0 for no limit. */
  readonly rateLimit: number;
  readonly proxies: TrustedProxies;
  /** Who buys where the request doesn't say. */
  readonly nameBuyer: NameBuyer;
  /** The journal's epoch: makes the keys of keyless purchases unique across restarts. */
  readonly epoch: number;
  /** Tells whoever kept receipts whether they are of the journal that goes on here; every `hello` names it. */
  readonly journalId: string;
  /** Name and version, as `hello` tells them. */
  readonly server: string;
  /** Whether tickets are sold without the queue, which every `hello` says. */
  readonly unsafe: boolean;
  readonly counts: SessionCounts;
  /** A fault inside one session, which that session alone pays for. */
  readonly report: (message: string, cause: unknown) => void;
}

/** Tallies that the metrics show. */
export interface SessionCounts {
  sessions: number;
  slowReaders: number;
  faults: number;
  refusedConnections: number;
}

/** Numbers the sessions of this epoch. */
export function nextSession(desk: Desk): number {
  desk.counts.sessions += 1;
  return desk.counts.sessions;
}
