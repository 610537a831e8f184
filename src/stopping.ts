/**
 * Stopping in good order, in bounded time: first nobody new, then the queue, then the goodbyes, then the disk. A sync
 * that hangs must not keep clients from hearing that the server goes away.
 */
import type { Journal } from "./engine/ports.ts";
import { systemClock } from "./engine/system.ts";
import type { Hub } from "./broadcast/hub.ts";
import type { Limits } from "./config.ts";
import type { Admission } from "./gateway/admission.ts";
import type { HttpGateway } from "./gateway/http-gateway.ts";
import type { TcpGateway } from "./gateway/tcp-gateway.ts";
import type { WebSocketGateway } from "./gateway/websocket-gateway.ts";
import type { CommandLog } from "./observability/command-log.ts";
import type { SellingCounter } from "./selling.ts";

export interface StoppingParts {
  readonly engine: Pick<SellingCounter, "stop">;
  readonly hub: Hub;
  readonly journal: Journal;
  readonly commandLog: CommandLog | null;
  readonly http: HttpGateway;
  readonly webSockets: WebSocketGateway;
  readonly tcp: TcpGateway | null;
  readonly admission: Admission;
  readonly limits: Limits["stop"];
}

/** @returns whether everything that was taken has been answered and everything is on the disk. */
export async function stopServer(parts: StoppingParts): Promise<boolean> {
  const { engine, hub, journal, commandLog, http, webSockets, tcp, admission, limits } = parts;
  http.stop();
  tcp?.stopAccepting();
  const drained = await isDoneWithin(engine.stop(), limits.drainMs);
  // One turn of the loop, so that the last replies and pushes are written before the goodbyes.
  await new Promise(setImmediate);
  webSockets.stop();
  tcp?.stop();
  hub.stop();
  commandLog?.flush();
  const closed = drained && (await isDoneWithin(journal.close(), limits.drainMs / 2));
  const deadline = systemClock.monotonic() + limits.lingerMs;
  while (admission.open > 0 && systemClock.monotonic() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    http.server.closeIdleConnections();
  }
  webSockets.cut();
  tcp?.cut();
  http.cut();
  return closed;
}

async function isDoneWithin(task: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([task.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
