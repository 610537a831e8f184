/** HTTP requests: most of them nearly right, for every route there is, with and without the organiser's token. */
import { json } from "./pieces.ts";
import type { Random } from "./random.ts";

/** What the server under test is started with. */
export const TOKEN = "the-organiser-of-the-fuzzer";

const METHODS = [
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "get",
  "PRI",
];
const PATHS = [
  "/",
  "/page.css",
  "/healthz",
  "/readyz",
  "/api/sales",
  "/api/sales/default",
  "/api/sales/default/purchases",
  "/api/sales/default/purchases",
  "/api/sales/default/audit",
  "/api/sales/default/audit?recount=1",
  "/api/sales/nada/purchases",
  "/api/sales/__proto__",
  "/api/sales/constructor/audit",
  "/api/admin/sales",
  "/api/admin/sales",
  "/api/admin/sales/default/restock",
  "/api/admin/sales/nada/close",
  "/api/admin/sales/default/tickets.csv",
  "/api/admin/sales/%00/open",
  "/vendas/default",
  "/vendas/%E0%A4%A",
  "//",
  "/..%2f..%2fpackage.json",
  "*",
  "http://other/api/sales",
  "/?".padEnd(300, "a=%zz&"),
];
const TYPES = ["buy", "query"];

export function httpRequest(random: Random): Buffer {
  const body = random.oneIn(3) ? "" : json(random, TYPES);
  const headers = random.many(0, 3, () => oddHeader(random));
  if (!random.oneIn(12)) headers.push("Host: x");
  if (!random.oneIn(4))
    headers.push(`Idempotency-Key: ${random.pick(["k1", "k2", "", "ação", "k".repeat(65), "__proto__"])}`);
  if (random.oneIn(2))
    headers.push(
      `Authorization: ${random.pick([`Bearer ${TOKEN}`, `Bearer ${TOKEN}x`, "Bearer", "Basic x", ""])}`,
    );
  const framing = bodyFraming(random, body);
  const version = random.oneIn(15)
    ? random.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP", ""])
    : "HTTP/1.1";
  const head = [
    `${random.pick(METHODS)} ${random.pick(PATHS)} ${version}`,
    ...headers,
    ...framing.headers,
  ].join("\r\n");
  return Buffer.from(`${head}\r\n\r\n${framing.body}`);
}

/** One that a server takes, in whatever it finds itself. */
export function handshake(): Buffer {
  return Buffer.from(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
}

function bodyFraming(random: Random, body: string): { readonly headers: string[]; readonly body: string } {
  const bytes = Buffer.byteLength(body);
  if (random.oneIn(8)) {
    const chunk = `${bytes.toString(16)}\r\n${body}\r\n`;
    const end = random.oneIn(3)
      ? random.pick(["", "zz\r\n", "-1\r\n", "ffffffffffffffffff\r\n"])
      : "0\r\n\r\n";
    return { headers: ["Transfer-Encoding: chunked"], body: `${bytes > 0 ? chunk : ""}${end}` };
  }
  if (random.oneIn(8)) {
    const length = random.pick([
      "-1",
      "x",
      "99999999999999999999",
      String(bytes + 5),
      String(Math.max(0, bytes - 2)),
      "17000",
    ]);
    return { headers: [`Content-Length: ${length}`], body };
  }
  if (random.oneIn(20)) return { headers: [`Content-Length: 17000`], body: "x".repeat(17_000) };
  return { headers: bytes > 0 || random.oneIn(4) ? [`Content-Length: ${bytes}`] : [], body };
}

function oddHeader(random: Random): string {
  return random.pick([
    "Expect: 100-continue",
    "Expect: wonders",
    "Connection: close",
    "Connection: keep-alive, Upgrade",
    "Upgrade: h2c",
    "Content-Length: 3",
    "Transfer-Encoding: identity",
    "Content-Type: text/xml",
    "Content-Encoding: gzip",
    "X-Forwarded-For: 1.2.3.4",
    "Range: bytes=5-2",
    "Accept: text/html",
    "Cookie: a=b",
    `X-Long: ${"x".repeat(random.pick([100, 7_900, 9_000]))}`,
    "X-Null: \0",
    ": nameless",
    "Space : before",
    " folded: line",
    "Host: y",
    "Idempotency-Key: other",
    "Authorization: Bearer other",
    "__proto__: x",
    "constructor: x",
  ]);
}
