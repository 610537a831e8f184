/**
 * Everything between the engine and its clients, in the engine's own process or in processes beside it. Which of them
 * it is, nobody else needs to know.
 */
import type { Published } from "./engine/ports.ts";
import type { Ports } from "./cluster/notes.ts";
import type { Settings } from "./config.ts";
import type { Metrics } from "./observability/metrics.ts";
import type { SellingCounter } from "./selling.ts";
import type { ServerOptions } from "./server-options.ts";
import type { Storage } from "./storage.ts";

export interface FrontParts {
  readonly settings: Settings;
  readonly options: ServerOptions;
  readonly engine: SellingCounter;
  readonly storage: Storage;
  readonly metrics: Metrics;
}

export interface Front {
  /** Sockets that may be open at once, in all processes. */
  readonly maxConnections: number;
  /** What the engine made durable, told after its replies have left. */
  publish(published: Published): void;
  /** @throws the system's error if a port can't be listened on. */
  listen(): Promise<Ports>;
  /**
   * Stops accepting, finishes the queue, syncs, and closes every socket with 1001. False when the queue or the disk
   * didn't get done.
   */
  stop(): Promise<boolean>;
}
