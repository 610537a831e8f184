import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Purchase } from "../../../src/box-office/purchases.ts";
import type { SaleId } from "../../../src/box-office/sale.ts";
import { sendTickets } from "../../../src/gateway/http/tickets-csv.ts";
import { cleanup } from "../../support/cleanup.ts";
import { ask } from "../../support/http-client.ts";

const SALE = "gala" as SaleId;

const PURCHASE = {
  items: [{ sale: SALE, order: 1, remaining: 0, codes: ["CODE"] }],
  buyer: "=ana",
  key: "k",
  epoch: 1,
  offset: 1,
  at: 0,
} as unknown as Purchase;

/** A server that sends the list of one purchase, and counts how often that is looked at. */
async function listServer(): Promise<{ port: number; looks: () => number }> {
  let looks = 0;
  function* purchases(): Generator<Purchase> {
    looks += 1;
    yield PURCHASE;
  }
  const server = createServer((_request, response) => void sendTickets(response, SALE, purchases()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup(() => void server.close());
  return { port: (server.address() as AddressInfo).port, looks: () => looks };
}

describe("the list of tickets", () => {
  it("has a row for each, and no formula in it", async () => {
    const { port } = await listServer();
    const { text, headers } = await ask(port, "GET", "/");
    expect(text).to.equal('order,code,buyer,at\r\n1,CODE,"\'=ana",1970-01-01T00:00:00.000Z\r\n');
    expect(headers["content-disposition"]).to.include("gala-tickets.csv");
  });

  it("isn't made for whoever asks for its head only", async () => {
    const { port, looks } = await listServer();
    const { status, text, headers } = await ask(port, "HEAD", "/");
    expect({ status, text, looks: looks() }).to.deep.equal({ status: 200, text: "", looks: 0 });
    expect(headers["content-type"]).to.equal("text/csv; charset=utf-8");
  });
});
