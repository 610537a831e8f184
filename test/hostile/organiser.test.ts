/** The organiser's routes, taken from the table that the server itself goes by: none of them opens without the token. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LIMITS } from "../../src/limits.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { HttpApi } from "../../src/gateway/http/http-api.ts";
import { ask } from "../support/http-client.ts";
import { ADMIN_TOKEN, openTestServer, type TestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";

/** Whatever isn't here must ask for the token, also what somebody adds to the table one day. */
const FOR_EVERYONE = [
  "GET /api/sales",
  "GET /api/sales/:id",
  "POST /api/sales/:id/purchases",
  "GET /api/sales/:id/audit",
];

const ROUTES = new HttpApi({
  desk: { limits: LIMITS } as Desk,
  adminToken: "",
  purchases: () => [],
  recount: null,
}).routes.map(({ method, path }) => ({
  name: `${method} ${path}`,
  method,
  path: path.replace(":id", "default"),
}));

const PRIVATE = [
  ...ROUTES.filter(({ name }) => !FOR_EVERYONE.includes(name)),
  { name: "GET /api/sales/:id/audit?recount=1", method: "GET", path: "/api/sales/default/audit?recount=1" },
];

/** As they stand in the header; undefined for none. */
const WRONG: readonly (string | undefined)[] = [
  undefined,
  "",
  " ",
  "Bearer",
  "Bearer ",
  "Bearer wrong",
  "Bearer undefined",
  "Bearer null",
  `Bearer ${ADMIN_TOKEN.slice(0, -1)}`,
  `Bearer ${ADMIN_TOKEN}x`,
  `Bearer ${ADMIN_TOKEN.toUpperCase()}`,
  `Bearer ${ADMIN_TOKEN} ${ADMIN_TOKEN}`,
  `Bearer ${ADMIN_TOKEN},`,
  `Basic ${Buffer.from(`admin:${ADMIN_TOKEN}`).toString("base64")}`,
  `Basic ${ADMIN_TOKEN}`,
  ADMIN_TOKEN,
  `Bearer${ADMIN_TOKEN}`,
  `Bearer "${ADMIN_TOKEN}"`,
  `Bearer ${"x".repeat(4_000)}`,
];

describe("the organiser's routes", () => {
  let server: TestServer;
  before(async () => (server = await openTestServer()));
  after(() => server.stop());

  it("are all but the four for everyone", () => {
    expect(ROUTES.map(({ name }) => name)).to.include.members(FOR_EVERYONE);
    expect(PRIVATE).to.have.length.above(6);
  });

  for (const { name, method, path } of PRIVATE) {
    it(`${name} answers 401 to each of ${WRONG.length} wrong tokens, and changes nothing`, async () => {
      const state = async (): Promise<string> => (await ask(server.httpPort, "GET", "/api/sales")).text;
      const before = await state();
      const body = { id: "show", title: "Show", capacity: 5, quantity: 5 };
      for (const authorization of WRONG) {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        const sent = method === "GET" ? { headers } : { headers, body };
        const answer = await ask(server.httpPort, method, path, sent);
        expect(answer.status, authorization).to.equal(401);
        expect(answer.json()).to.include({ reason: "unauthorized" });
        expect(answer.headers["www-authenticate"]).to.equal("Bearer");
      }
      expect(await state()).to.equal(before);
    });

    it(`${name} isn't opened by a token elsewhere: twice, in the address, in a cookie`, async () => {
      const join = path.includes("?") ? "&" : "?";
      for (const extra of [
        `Authorization: Bearer x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n`,
        `Cookie: token=${ADMIN_TOKEN}\r\n`,
        `X-Authorization: Bearer ${ADMIN_TOKEN}\r\n`,
        `Proxy-Authorization: Bearer ${ADMIN_TOKEN}\r\n`,
      ]) {
        const client = await TextClient.connect(server.httpPort);
        const length = method === "POST" ? "Content-Length: 0\r\n" : "";
        client.write(
          `${method} ${path}${join}token=${ADMIN_TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}${extra}\r\n`,
        );
        await client.untilEnd();
        expect(client.received.toString(), extra).to.match(/^HTTP\/1\.1 401 /);
      }
    });
  }

  it("compare tokens by their hashes in constant time", () => {
    // How long a comparison takes can't be asserted without flaking; that it is this one can.
    const source = readFileSync(
      fileURLToPath(new URL("../../../src/gateway/http/organiser-api.ts", import.meta.url)),
      "utf8",
    );
    const body = / isOrganiser\(request: IncomingMessage\)[^]*?\n {2}\}/.exec(source)?.[0] ?? "";
    expect(body)
      .to.include("timingSafeEqual(")
      .and.match(/createHash\("sha256"\)\s*\.update\(this/);
    expect(source.match(/adminToken/g)).to.have.length(2);
  });
});
