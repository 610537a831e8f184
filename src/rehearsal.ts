/**
 * As long as nobody is here, visitors of our own come to another server in the same process, which nobody else knows
 * of: they connect, ask for the stock and go. A program that was just started is slow, since nothing of it is
 * optimised yet, and the first that it meets may be everybody at once. The rehearsal is what it learns on
 * (docs/decisions/0016).
 *
 * That server has an engine, a journal in memory and gateways of its own, so no figure and no line of it is left.
 */
import { makeAdminToken } from "./admin-token.ts";
import { createBoxOffice } from "./box-office/box-office.ts";
import type { SaleId } from "./box-office/sale.ts";
import { DEFAULT_SALE, readSettings } from "./config.ts";
import { deferred } from "./cluster/deferred.ts";
import { WebSocketWire } from "./crowd/websocket-wire.ts";
import type { Place } from "./crowd/wire.ts";
import { Engine } from "./engine/engine.ts";
import { systemClock, systemScheduler } from "./engine/system.ts";
import { listenAll, openGateways, type Gateways } from "./gateways.ts";
import { openMemoryJournal } from "./journal/memory-journal.ts";
import type { Limits } from "./limits.ts";
import { CommandLog, formatJson } from "./observability/command-log.ts";
import { lingerAndCut, sayGoodbye, stopAccepting } from "./stopping.ts";

export interface RehearsalParts {
  readonly limits: Limits;
  /** Whether no client is here: the first one ends the rehearsal, which would make it wait. */
  readonly isAlone: () => boolean;
  /** Told once how it went. A rehearsal that fails hurts nobody. */
  readonly remark: (message: string) => void;
}

export class Rehearsal {
  readonly #parts: RehearsalParts;
  readonly #stopped = deferred();
  #isStopped = false;
  #played: Promise<void> = Promise.resolve();

  constructor(parts: RehearsalParts) {
    this.#parts = parts;
  }

  /** Call once, when the server listens. */
  start(): void {
    const { remark } = this.#parts;
    this.#played = this.#play().then(
      (visitors) => remark(`rehearsed with ${visitors} visitors`),
      (cause: unknown) => remark(`there was no rehearsal: ${String(cause)}`),
    );
  }

  /** Sends the visitors away. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    return this.#played;
  }

  async #play(): Promise<number> {
    const { limits } = this.#parts;
    const stage = await openStage(limits);
    try {
      const port = await listenForThisMachine(stage.gateways);
      return await this.#receive(port, limits.rehearsal);
    } finally {
      await stage.close();
    }
  }

  async #receive(port: number, { visitors, atOnce }: Limits["rehearsal"]): Promise<number> {
    const place = { address: "127.0.0.1", port, host: "localhost", path: "/", secure: false };
    let came = 0;
    const comeOneByOne = async (): Promise<void> => {
      while (came < visitors && !this.#isStopped && this.#parts.isAlone()) {
        came += 1;
        await visit(place);
      }
    };
    const all = Promise.all(Array.from({ length: atOnce }, comeOneByOne));
    await Promise.race([all, this.#stopped.promise]);
    return came;
  }
}

/** Connects, asks for the stock and goes. */
function visit(place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const wire = new WebSocketWire(place, {
      opened: () => wire.send("CONSULTAR"),
      line: () => {
        wire.leave();
        resolve();
      },
      closed: (why) => reject(new Error(`a visitor of the rehearsal was sent away: ${why}`)),
    });
  });
}

interface Stage {
  readonly gateways: Gateways;
  close(): Promise<void>;
}

const EPOCH = 1;
const NOBODY = (): void => {};
const PROBE = { decided: NOBODY, batch: NOBODY, synced: NOBODY, delivered: NOBODY };

async function openStage(limits: Limits): Promise<Stage> {
  const journal = openMemoryJournal({ epoch: EPOCH });
  const engine = new Engine({
    state: createBoxOffice(),
    journal,
    clock: systemClock,
    scheduler: systemScheduler,
    rules: limits.rules,
    limits: limits.engine,
    probe: PROBE,
    publish: NOBODY,
    fail: NOBODY,
  });
  await putOnSale(engine);
  const log = new CommandLog(
    { style: "json", format: formatJson, write: () => true, warn: NOBODY },
    systemScheduler,
    limits.log,
  );
  const gateways = openGateways({
    counter: engine,
    settings: readSettings(["--no-tcp"], {}),
    limits,
    version: "rehearsal",
    epoch: EPOCH,
    journalId: "rehearsal",
    adminToken: makeAdminToken().token,
    addressKey: null,
    sessionsBefore: 0,
    recorder: log,
    probe: PROBE,
    report: NOBODY,
    purchases: () => [],
    recount: null,
    readiness: () => journal.health(),
    metrics: () => Promise.reject(new Error("nobody asks for them")),
  });
  return {
    gateways,
    close: async () => {
      stopAccepting(gateways);
      await engine.stop();
      await sayGoodbye(gateways);
      log.flush();
      await lingerAndCut(gateways, limits.stop.lingerMs);
      await journal.close();
    },
  };
}

async function putOnSale(engine: Engine): Promise<void> {
  await new Promise<void>((resolve) => {
    const command = {
      type: "create",
      sale: DEFAULT_SALE as SaleId,
      title: "rehearsal",
      capacity: 1,
      opensAt: null,
      closesAt: null,
    } as const;
    engine.submit({ command, reply: () => resolve() }, "organiser");
  });
}

/**
 * For this machine alone, and by IPv4, but as a server sees it that listens for IPv6 too, as this one does where nobody
 * names an address: what it learns should be what it will need.
 *
 * @throws the system's error if this machine has no loopback.
 */
async function listenForThisMachine(gateways: Gateways): Promise<number> {
  const at = { port: 0, tcpPort: 0, exclusive: true };
  try {
    return (await listenAll(gateways, { ...at, host: "::ffff:127.0.0.1" })).http;
  } catch {
    // A machine without IPv6.
    return (await listenAll(gateways, { ...at, host: "127.0.0.1" })).http;
  }
}
