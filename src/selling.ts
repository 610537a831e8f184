/** Which counter sells: the product's queue, or the one without it that exists to be attacked. */
import type { Settings } from "./config.ts";
import type { Limits } from "./limits.ts";
import { Engine, type EngineParts } from "./engine/engine.ts";
import type { Counter } from "./engine/ports.ts";
import { systemEntropy } from "./engine/system.ts";
import { UnsafeCounter } from "./lab/unsafe-counter.ts";

/** What the server needs of whichever it is. */
export type SellingCounter = Counter &
  Pick<Engine, "waiting" | "durableOffset" | "purchases" | "stop" | "halt">;

export function openCounter(settings: Settings, parts: EngineParts, limits: Limits): SellingCounter {
  if (!settings.unsafeNoQueue) return new Engine(parts);
  return new UnsafeCounter({
    ...parts,
    entropy: systemEntropy,
    databaseCallMs: limits.lab.databaseCallMs,
    mostUnderWay: limits.engine.mailbox,
  });
}
