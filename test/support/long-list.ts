/** The longest answer that there is: the list of all tickets sold, megabytes that nobody keeps for one who doesn't read. */
import { ADMIN_TOKEN, startTestServer, type SomeLimits, type TestServer } from "./start-server.ts";
import { TextClient } from "./text-client.ts";

/** Asks for the list. */
export const LIST_REQUEST = `GET /api/admin/sales/default/tickets.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`;

/** Tickets that are bought before the answers are read. */
const AT_ONCE = 5_000;

/**
 * A server that has sold so many tickets, and has more. Their buyer stays connected: one of `bilheteria_sockets`.
 *
 * @param tickets a multiple of 5,000, less than 400,000.
 */
export async function startWithSold(tickets: number, limits: SomeLimits = {}): Promise<TestServer> {
  const server = await startTestServer(["--stock", "400000", "--rate-limit", "0"], limits);
  const buyer = await TextClient.connect(server.tcpPort);
  for (let sold = 0; sold < tickets; sold += AT_ONCE) {
    buyer.write("COMPRAR 10\n".repeat(AT_ONCE / 10));
    await buyer.lines.take(AT_ONCE / 10);
  }
  return server;
}
