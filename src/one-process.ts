/** The gateways in the engine's own process: the way it is on a machine with few cores. */
import type { Front, FrontParts } from "./front.ts";
import { listenAll, maxConnections, openGateways } from "./gateways.ts";
import { systemScheduler } from "./engine/system.ts";
import { CommandLog } from "./observability/command-log.ts";
import { Rehearsal } from "./rehearsal.ts";
import { describeFault } from "./start-fault.ts";
import { stopServer } from "./stopping.ts";

/** @throws {ConfigError} if there is no page to serve. */
export function openFront({ settings, options, engine, storage, metrics }: FrontParts): Front {
  const { journal, journalId, adminToken, addressKey, recount } = storage;
  const { limits, version } = options;
  const commandLog =
    options.commandLines === null ? null : new CommandLog(options.commandLines, systemScheduler, limits.log);
  const gateways = openGateways({
    counter: engine,
    settings,
    limits,
    version,
    epoch: journal.epoch,
    journalId,
    adminToken: adminToken.token,
    addressKey,
    sessionsBefore: 0,
    recorder: commandLog,
    probe: metrics,
    report: (message, cause) => options.logger.error({ err: describeFault(cause) }, message),
    purchases: (sale) => engine.purchases(sale),
    recount: recount === null ? null : (sale) => recount(sale, engine.durableOffset),
    readiness: () => journal.health(),
    metrics: () => metrics.scrape(),
  });
  const { desk, hub, webSockets, tcp, admission } = gateways;
  metrics.read({
    queueLength: () => engine.waiting,
    subscribers: () => hub.subscribers,
    connections: () => ({
      ws: webSockets.connections,
      tcp: tcp?.connections ?? 0,
      sockets: admission.open,
    }),
    sessionFaults: () => desk.counts.faults,
    slowReaders: () => desk.counts.slowReaders,
    refusedConnections: () => desk.counts.refusedConnections,
    droppedLogLines: () => commandLog?.dropped ?? options.droppedLogLines(),
    workers: () => ({ running: 0, lost: 0 }),
    loopDelayElsewhere: () => 0,
    sales: () => engine.views(),
    journalReady: () => journal.health().ok,
  });
  const rehearsal = new Rehearsal({
    limits,
    isAlone: () => admission.open === 0,
    remark: (message) => options.logger.debug(message),
  });
  return {
    maxConnections: maxConnections(limits),
    publish: (published) => hub.publish(published),
    listen: async () => {
      const { host, port, tcpPort } = settings;
      const ports = await listenAll(gateways, { host, port, tcpPort });
      if (settings.rehearsal) rehearsal.start();
      return ports;
    },
    stop: async () => {
      const [done] = await Promise.all([
        stopServer({ engine, gateways, journal, commandLog, limits: limits.stop }),
        rehearsal.stop(),
      ]);
      return done;
    },
  };
}
