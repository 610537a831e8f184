import { askOrganiser } from "./http-client.ts";

const SALES = 1_000;

/** Asks for every sale, on a connection that stays. */
export const LIST = "GET /api/sales HTTP/1.1\r\nHost: x\r\n\r\n";

/** Creates so many sales, with titles so long, that the list of all of them is 0.8 MB. Wants `--rate-limit 0`. */
export async function makeLongList(port: number): Promise<void> {
  const title = "票".repeat(200);
  for (let made = 0; made < SALES; made += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        askOrganiser(port, "POST", "/sales", { id: `venda-${made + n}`, title, capacity: 5 }),
      ),
    );
  }
}
