/**
 * The gateways and all that a connection needs, around any counter: the engine itself in one process, or the link to
 * it in a gateway process.
 */
import { existsSync } from "node:fs";
import type { Server as NetServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Purchase } from "./box-office/purchases.ts";
import type { Audit, SaleId } from "./box-office/sale.ts";
import { Hub, type HubProbe } from "./broadcast/hub.ts";
import { systemLoop } from "./broadcast/pace.ts";
import { ConfigError, DEFAULT_SALE, type Settings } from "./config.ts";
import { type Limits } from "./limits.ts";
import { descriptorLimit } from "./descriptors.ts";
import type { CommandRecorder, Counter, JournalHealth } from "./engine/ports.ts";
import { systemClock, systemEntropy, systemScheduler } from "./engine/system.ts";
import { Admission } from "./gateway/admission.ts";
import { byAddress, byPseudonym } from "./gateway/buyer-names.ts";
import { ReplyFlusher } from "./gateway/connection.ts";
import type { Desk } from "./gateway/desk.ts";
import { HttpApi } from "./gateway/http/http-api.ts";
import { HttpGateway } from "./gateway/http/http-gateway.ts";
import { HttpSite } from "./gateway/http/http-site.ts";
import { TcpGateway } from "./gateway/tcp/tcp-gateway.ts";
import { TrustedProxies } from "./gateway/trusted-proxies.ts";
import { WebSocketGateway } from "./gateway/websocket/websocket-gateway.ts";
import { AnonymousLog } from "./observability/anonymous-log.ts";

export interface GatewayParts {
  readonly counter: Counter;
  readonly settings: Settings;
  readonly limits: Limits;
  readonly version: string;
  readonly epoch: number;
  /** See `Desk`. */
  readonly journalId: string;
  readonly adminToken: string;
  /** What pseudonyms are made with; null where addresses may be kept. */
  readonly addressKey: string | null;
  /** The number before that of the first session; no two processes of one epoch may number theirs alike. */
  readonly sessionsBefore: number;
  /** Null for no command log. */
  readonly recorder: CommandRecorder | null;
  readonly probe: HubProbe;
  readonly report: (message: string, cause: unknown) => void;
  /** Told how many sockets an address has here; see `Admission`. */
  readonly addressChanged?: (address: string, count: number) => void;
  readonly purchases: (sale: SaleId) => Iterable<Purchase> | AsyncIterable<Purchase>;
  readonly recount: ((sale: SaleId) => Promise<Audit>) | null;
  readonly readiness: () => JournalHealth | Promise<JournalHealth>;
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
}

export interface Gateways {
  readonly desk: Desk;
  readonly hub: Hub;
  readonly admission: Admission;
  readonly http: HttpGateway;
  readonly webSockets: WebSocketGateway;
  readonly tcp: TcpGateway | null;
}

/** @throws {ConfigError} if there is no page to serve. */
export function openGateways(parts: GatewayParts): Gateways {
  const { counter, settings, limits, probe } = parts;
  const hub = new Hub(
    { clock: systemClock, scheduler: systemScheduler, loop: systemLoop, limits: limits.hub, probe },
    counter.views(),
  );
  const desk = makeDesk(parts, hub);
  const admission = new Admission(
    maxConnections(limits),
    limits.connections.perAddress,
    parts.addressChanged,
    (address) => desk.proxies.trusts(address),
  );
  const defaultSale = DEFAULT_SALE as SaleId;
  const webSockets = new WebSocketGateway({ desk, defaultSale, origins: settings.origin });
  const api = new HttpApi({ ...parts, desk });
  const site = new HttpSite({ ...parts, desk, page: pageFolder() });
  const http = new HttpGateway({ desk, admission, api, site, webSockets });
  const tcp = settings.tcp ? new TcpGateway({ desk, admission, sale: defaultSale }) : null;
  return { desk, hub, admission, http, webSockets, tcp };
}

/** @throws {ConfigError} if there is none. */
export function pageFolder(): string {
  const page = fileURLToPath(new URL("../page/", import.meta.url));
  if (!existsSync(page)) throw new ConfigError("the page isn't built. Run npm run build first");
  return page;
}

/** Sockets that one process may have open at once. */
export function maxConnections({ connections }: Limits): number {
  return Math.max(1, descriptorLimit(connections.fallbackTotal) - connections.reservedDescriptors);
}

/** @returns where they listen. @throws the system's error if they can't. */
export async function listenAll(
  { http, tcp, desk }: Gateways,
  at: {
    readonly host: string | undefined;
    readonly port: number;
    readonly tcpPort: number;
    /** For itself, where processes share the ports that they listen on. */
    readonly exclusive?: boolean;
  },
): Promise<{ readonly http: number; readonly tcp: number | null }> {
  const listening = {
    host: at.host,
    exclusive: at.exclusive ?? false,
    backlog: desk.limits.connections.backlog,
    report: (fault: Error) => desk.report("a connection couldn't be accepted", fault),
  };
  const httpPort = await listen(http.server, at.port, listening);
  const tcpPort = tcp === null ? null : await listen(tcp.server, at.tcpPort, listening);
  return { http: httpPort, tcp: tcpPort };
}

function makeDesk(parts: GatewayParts, hub: Hub): Desk {
  const {
    counter,
    recorder,
    limits,
    settings,
    addressKey,
    epoch,
    journalId,
    version,
    sessionsBefore,
    report,
  } = parts;
  return {
    counter,
    hub,
    clock: systemClock,
    entropy: systemEntropy,
    after: (ms, task) => systemScheduler.after(ms, task),
    recorder: recorder === null || settings.addresses ? recorder : new AnonymousLog(recorder),
    flusher: new ReplyFlusher(),
    limits,
    requestLimits: { maxQuantity: limits.rules.maxQuantity, lineBytes: limits.session.lineBytes },
    rateLimit: settings.rateLimit,
    proxies: new TrustedProxies(settings.trustProxy),
    nameBuyer: addressKey === null ? byAddress : byPseudonym(addressKey),
    epoch,
    journalId,
    server: `bilheteria/${version}`,
    unsafe: settings.unsafeNoQueue,
    counts: { sessions: sessionsBefore, slowReaders: 0, faults: 0, refusedConnections: 0 },
    report,
  };
}

async function listen(
  server: NetServer,
  port: number,
  parts: {
    readonly host: string | undefined;
    readonly exclusive: boolean;
    readonly backlog: number;
    readonly report: (fault: Error) => void;
  },
): Promise<number> {
  const { host, exclusive, backlog, report } = parts;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, exclusive, backlog, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      // A connection that can't be accepted (no descriptors, no memory) is that connection's trouble.
      server.on("error", report);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
