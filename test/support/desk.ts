import type { SaleId, SaleView } from "../../src/box-office/sale.ts";
import { Hub } from "../../src/broadcast/hub.ts";
import type { Clock, Counter, Scheduler } from "../../src/engine/ports.ts";
import { systemEntropy } from "../../src/engine/system.ts";
import { byAddress } from "../../src/gateway/buyer-names.ts";
import { ReplyFlusher } from "../../src/gateway/connection.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { TrustedProxies } from "../../src/gateway/trusted-proxies.ts";
import { LIMITS } from "../../src/limits.ts";

export const SALE = "default" as SaleId;

/** An open sale of ten tickets of which three are sold. */
export const VIEW: SaleView = {
  sale: SALE,
  title: "Ingressos",
  state: "open",
  capacity: 10,
  available: 7,
  held: 0,
  sold: 3,
  position: { epoch: 1, offset: 4 },
  at: 0,
  opensAt: null,
  closesAt: null,
};

type Time = Clock & Scheduler;

/** A desk whose only sale is `VIEW`, in front of a counter that a test plays. */
export function deskOf(
  time: Time,
  counter: Pick<Counter, "submit"> & Partial<Counter>,
  parts: Partial<Desk> = {},
): Desk {
  const probe = { delivered: () => {} };
  const loop = { busyMs: () => 0 };
  return {
    counter: {
      isFull: () => false,
      view: (sale) => (sale === SALE ? VIEW : undefined),
      views: () => [VIEW],
      ...counter,
    },
    hub: new Hub({ clock: time, scheduler: time, loop, limits: LIMITS.hub, probe }, [VIEW]),
    clock: time,
    entropy: systemEntropy,
    after: (ms, task) => time.after(ms, task),
    recorder: { record: () => {} },
    flusher: new ReplyFlusher(),
    limits: LIMITS,
    requestLimits: { maxQuantity: LIMITS.rules.maxQuantity, lineBytes: LIMITS.session.lineBytes },
    rateLimit: 0,
    proxies: new TrustedProxies([]),
    nameBuyer: byAddress,
    epoch: 1,
    journalId: "test",
    server: "bilheteria/test",
    unsafe: false,
    counts: { sessions: 0, slowReaders: 0, faults: 0, refusedConnections: 0 },
    report: (message, cause) => {
      throw new Error(message, { cause });
    },
    ...parts,
  };
}
