import { renderUnicodeCompact } from "uqr";
import type { Settings } from "./config.ts";
import { hostHere, hostInUrl, lanHost } from "./listening-address.ts";
import type { RunningServer } from "./server.ts";

/** Nobody should miss it, and nobody should read it on a server that others buy from. */
const UNSAFE_LINES = [
  "  ##########################################################################",
  "  #  --unsafe-no-queue: SEM FILA. Este servidor vende ingressos que não     #",
  "  #  existem. Serve para ser atacado em aula, e para mais nada.             #",
  "  ##########################################################################",
];

/** What a person sees on the terminal when the sale is on: where to go, what is left, and what to worry about. */
export function bannerLines(server: RunningServer, settings: Settings, version: string): string[] {
  const { httpPort, tcpPort, sale } = server;
  const { host } = settings;
  const lan = lanHost(host);
  const here = `http://${hostInUrl(host)}:${httpPort}`;
  const there = lan === null ? null : `http://${lan}:${httpPort}`;
  return [
    "",
    `  Bilheteria ${version}`,
    "",
    `  Page         ${here}`,
    ...(there === null ? [] : [`  On your LAN  ${there}`]),
    `  WebSocket    ${here.replace("http", "ws")}   (wscat -c ${here.replace("http", "ws")})`,
    ...(tcpPort === null ? [] : [`  Raw TCP      nc ${hostHere(host)} ${tcpPort}`]),
    "",
    ...(settings.unsafeNoQueue ? [...UNSAFE_LINES, ""] : []),
    `  ${sale.title}: ${sale.available} of ${sale.capacity} tickets left${stateWords(server)}`,
    ...storageLines(server, settings),
    ...(settings.rateLimit === 0 ? ["  No rate limit: any client may send as fast as it likes"] : []),
    `  Up to ${server.maxConnections} connections${workerWords(server)}`,
    ...(server.adminToken.isNew ? ["", `  Organiser's token: ${server.adminToken.token}`] : []),
    ...(there === null
      ? []
      : [
          "",
          ...renderUnicodeCompact(there)
            .split("\n")
            .map((line) => `  ${line}`),
        ]),
    "",
  ];
}

function stateWords({ sale }: RunningServer): string {
  if (sale.opensAt !== null && sale.state === "scheduled")
    return `, opens ${new Date(sale.opensAt).toString().slice(0, 33)}`;
  return sale.state === "open" ? "" : `, ${sale.state.replace("_", " ")}`;
}

function workerWords({ workers }: RunningServer): string {
  if (workers === 0) return "";
  return ` in ${workers} gateway process${workers === 1 ? "" : "es"}, beside the one of the queue`;
}

function storageLines(server: RunningServer, settings: Settings): string[] {
  if (settings.memory) return ["  --memory: NOTHING WILL SURVIVE this process, sold tickets included"];
  const { created, replayed } = server;
  const lines = [`  Data in ${settings.data}, ${replayed?.events ?? 0} events replayed`];
  if (!created) {
    lines.push(
      ...server.ignored.map((flag) => `  IGNORED: ${flag}. It only creates, and the sale was there already`),
      "  To add tickets:",
      `  curl -X POST http://${hostInUrl(settings.host)}:${server.httpPort}/api/admin/sales/${server.sale.sale}/restock \\`,
      `    -H "Authorization: Bearer ${tokenWords(settings)}" -d '{"quantity":10}'`,
      "  To begin anew: --fresh (the old data is set aside, never deleted)",
    );
  }
  return lines;
}

/** Where the organiser finds the token, as a shell would read it. */
function tokenWords({ adminToken, data }: Settings): string {
  return adminToken === undefined ? `$(cat ${quoted(`${data}/admin-token`)})` : "$ADMIN_TOKEN";
}

/** For a shell, within double quotes and `$()` too. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
