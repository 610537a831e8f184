/** What the two ends of a link say to each other beside commands and turns. */
import type { Settings } from "../config.ts";
import type { Limits } from "../limits.ts";
import type { SaleView } from "../box-office/sale.ts";
import { LinkFault } from "./link-fault.ts";
import type { OffsetEvent } from "./turn-codec.ts";

export interface Ports {
  readonly http: number;
  /** Null without raw TCP. */
  readonly tcp: number | null;
}

/** The first thing that a worker hears: all that it needs to serve. */
export interface Welcome {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly ports: Ports;
  readonly version: string;
  readonly epoch: number;
  readonly journalId: string;
  /** Rises with every worker of this epoch, so that no two of them number their sessions alike. */
  readonly incarnation: number;
  readonly adminToken: string;
  /** What pseudonyms are made with; null where addresses may be kept. */
  readonly addressKey: string | null;
  /** Whether commands are logged, and how. */
  readonly commandLog: "readable" | "json" | null;
  readonly views: readonly SaleView[];
  /** What the other workers were told before: whoever comes from one of them may have missed it. */
  readonly recent: readonly OffsetEvent[];
  readonly elsewhere: Counts;
}

/** Names and how many of each: sockets by address, subscribers by sale. */
export interface Counts {
  readonly addresses: readonly NamedCount[];
  readonly audiences: readonly NamedCount[];
}

export type NamedCount = readonly [name: string, count: number];

/** What a worker has counted since it started, and what is open now. */
export interface Report {
  readonly subscribers: number;
  readonly webSockets: number;
  readonly tcp: number;
  readonly sockets: number;
  readonly deliveries: number;
  readonly deliveredBytes: number;
  readonly sessionFaults: number;
  readonly slowReaders: number;
  readonly refusedConnections: number;
  readonly droppedLogLines: number;
  /** 99th percentile since the last report, in seconds. */
  readonly loopDelay: number;
}

/** What only the engine's process knows. */
export type Question =
  | { readonly what: "metrics" }
  | { readonly what: "readiness" }
  | { readonly what: "recount"; readonly sale: string }
  /** Purchases of a sale from the `from`-th on; `until` is the offset at which the list ends, null to end it now. */
  | {
      readonly what: "purchases";
      readonly sale: string;
      readonly from: number;
      readonly until: number | null;
    };

export type NoteToEngine =
  | { readonly type: "listening" }
  | { readonly type: "failed"; readonly fault: ListenFault }
  | { readonly type: "report"; readonly report: Report }
  | { readonly type: "counts"; readonly counts: Counts }
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  | { readonly type: "fault"; readonly message: string; readonly detail: string }
  | {
      readonly type: "warning";
      readonly message: string;
      readonly figures: Readonly<Record<string, number>>;
    }
  | { readonly type: "remark"; readonly message: string }
  /** It takes no more connections, and every command that it took has been sent. */
  | { readonly type: "closed" };

export type NoteToWorker =
  | { readonly type: "elsewhere"; readonly counts: Counts }
  | { readonly type: "told"; readonly id: number; readonly value: unknown }
  | { readonly type: "untold"; readonly id: number; readonly message: string }
  | { readonly type: "tally" }
  | { readonly type: "close" }
  | { readonly type: "goodbye" };

/** A start that failed in a worker, with what the explanation of it needs. */
export interface ListenFault {
  readonly message: string;
  readonly code: string | undefined;
  readonly syscall: string | undefined;
  readonly port: number | undefined;
}

/** @throws {LinkFault} if it is no JSON object with a type. What else is in it is the word of this same program. */
export function readNote(json: string): { readonly type: string } {
  let note: unknown;
  try {
    note = JSON.parse(json);
  } catch (cause) {
    throw new LinkFault("a note came that is no JSON", cause);
  }
  if (typeof note !== "object" || note === null || !("type" in note) || typeof note.type !== "string") {
    throw new LinkFault("a note came without a type");
  }
  return note as { readonly type: string };
}
