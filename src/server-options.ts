import type { Logger } from "pino";
import type { CrewFault } from "./cluster/crew-fault.ts";
import type { Limits } from "./limits.ts";
import type { EngineFault } from "./engine/fault.ts";
import type { LineSink } from "./observability/command-log.ts";

/** Why a server can't go on. */
export type ServerFault = EngineFault | CrewFault;

export interface ServerOptions {
  readonly version: string;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Where a line per command goes; null for none. */
  readonly commandLines: LineSink | null;
  /** Log lines that the console dropped. */
  readonly droppedLogLines: () => number;
  /** Called once when the server can't go on; it answers nothing any more. */
  readonly fail: (fault: ServerFault) => void;
}
