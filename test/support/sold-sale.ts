import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buy } from "./http-client.ts";
import { openTestServer } from "./start-server.ts";

/**
 * A data directory of a stopped sale of 10 with three sold, made once for the tests of a `describe`, which copy it or
 * leave it as it is.
 */
export function soldSale(): { readonly path: string } {
  const sale = { path: "" };
  before(async () => {
    const place = await mkdtemp(join(tmpdir(), "bilheteria-test-"));
    sale.path = join(place, "data");
    const server = await openTestServer(["--data", sale.path]);
    for (const key of ["a", "b", "c"]) await buy(server.httpPort, key);
    await server.stop();
  });
  after(() => rm(join(sale.path, ".."), { recursive: true, force: true }));
  return sale;
}
