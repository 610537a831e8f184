/** A fault inside one session ends that session and no other. The counter here breaks when it is told to. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Envelope } from "../../../src/engine/ports.ts";
import { systemClock, systemScheduler } from "../../../src/engine/system.ts";
import { Admission } from "../../../src/gateway/admission.ts";
import { HttpApi } from "../../../src/gateway/http/http-api.ts";
import { HttpGateway } from "../../../src/gateway/http/http-gateway.ts";
import { HttpSite } from "../../../src/gateway/http/http-site.ts";
import { TcpGateway } from "../../../src/gateway/tcp/tcp-gateway.ts";
import { WebSocketGateway } from "../../../src/gateway/websocket/websocket-gateway.ts";
import { cleanup } from "../../support/cleanup.ts";
import { deskOf, SALE, VIEW } from "../../support/desk.ts";
import { ask, buy } from "../../support/http-client.ts";
import { TextClient } from "../../support/text-client.ts";
import { WsClient } from "../../support/ws-client.ts";

/** Answers queries; throws when somebody buys. */
function submit(envelope: Envelope): boolean {
  if (envelope.command.type === "buy") throw new Error("a bug in one session");
  queueMicrotask(() => envelope.reply({ kind: "stock", view: VIEW }));
  return true;
}

async function startGateways() {
  const reports: unknown[] = [];
  const time = { ...systemClock, ...systemScheduler };
  const desk = deskOf(time, { submit }, { report: (_message, cause) => reports.push(cause) });
  const admission = new Admission(100, 100);
  const api = new HttpApi({ desk, adminToken: "none", purchases: () => [], recount: null });
  const webSockets = new WebSocketGateway({ desk, defaultSale: SALE, origins: [] });
  const readiness = () => ({ ok: true }) as const;
  const metrics = () => Promise.resolve({ type: "text/plain", body: "" });
  const site = new HttpSite({ desk, page: PAGE, readiness, metrics });
  const http = new HttpGateway({ desk, admission, api, site, webSockets });
  const tcp = new TcpGateway({ desk, admission, sale: SALE });
  const ports = [];
  for (const server of [http.server, tcp.server]) {
    server.listen({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    ports.push((server.address() as { port: number }).port);
  }
  cleanup(() => {
    for (const gateway of [webSockets, tcp, http]) gateway.stop();
    for (const gateway of [webSockets, tcp, http]) gateway.cut();
    desk.hub.stop();
  });
  return { httpPort: ports[0]!, tcpPort: ports[1]!, desk, reports };
}

/** The page as it was built: from dist/test/gateway/session/ to dist/page/. */
const PAGE = fileURLToPath(new URL("../../../page/", import.meta.url));

describe("a fault inside one session", () => {
  it("closes its WebSocket with 1011, and is reported and counted", async () => {
    const { httpPort, desk, reports } = await startGateways();
    const other = await WsClient.connect(httpPort);
    const client = await WsClient.connect(httpPort);
    client.say("COMPRAR");
    expect((await client.untilClosed()).code).to.equal(1011);
    expect(client.messages.all).to.deep.equal([]);
    expect(desk.counts.faults).to.equal(1);
    expect(String(reports[0])).to.include("a bug in one session");
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 7");
  });

  it("ends its TCP connection, and no other", async () => {
    const { tcpPort } = await startGateways();
    const other = await TextClient.connect(tcpPort);
    const client = await TextClient.connect(tcpPort);
    client.say("COMPRAR");
    await client.untilEnd();
    expect(client.received.length).to.equal(0);
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 7");
  });

  it("takes nothing more from that session", async () => {
    const { tcpPort, desk } = await startGateways();
    const client = await TextClient.connect(tcpPort);
    client.write("COMPRAR\nCOMPRAR\nCONSULTAR\n");
    await client.untilEnd();
    expect(client.received.length).to.equal(0);
    expect(desk.counts.faults).to.equal(1);
  });

  it("answers internal over HTTP, status 500, and serves the next request", async () => {
    const { httpPort, desk } = await startGateways();
    const answer = await buy(httpPort, "k");
    expect(answer.status).to.equal(500);
    expect(answer.json()).to.include({ status: 500, reason: "internal", detail: "Falha interna" });
    expect(desk.counts.faults).to.equal(1);
    expect((await ask(httpPort, "GET", "/api/sales/default")).status).to.equal(200);
  });
});
