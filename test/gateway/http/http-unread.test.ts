/** Long answers that nobody reads: what they may take of the memory of all. */
import { once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import { LIMITS } from "../../../src/limits.ts";
import { systemClock } from "../../../src/engine/system.ts";
import { HttpCallers } from "../../../src/gateway/http/http-callers.ts";
import { ask } from "../../support/http-client.ts";
import { eventually } from "../../support/inbox.ts";
import { LIST, makeLongList } from "../../support/many-sales.ts";
import { ALONE, startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";

describe("lists of every sale that aren't read", function () {
  this.timeout(60_000);

  for (const [what, relent] of [
    ["they are read", (client: TextClient) => void client.socket.resume()],
    ["their reader is gone", (client: TextClient) => void client.socket.resetAndDestroy()],
  ] as const) {
    it(`make the server refuse the next one, and nothing else, until ${what}`, async () => {
      const { httpPort } = await startTestServer([...ALONE, "--rate-limit", "0"], {
        http: { unreadBytes: 1 },
      });
      await makeLongList(httpPort);
      const list = (): ReturnType<typeof ask> => ask(httpPort, "GET", "/api/sales");
      const client = await TextClient.connect(httpPort);
      client.socket.pause();
      const refusal = await eventually(async () => {
        // The system keeps some of them: those count as read.
        client.write(LIST);
        const answer = await list();
        return answer.status !== 200 && answer;
      }, "a list is refused");
      expect(refusal.status).to.equal(503);
      expect(refusal.headers).to.include({
        "content-type": "application/problem+json; charset=utf-8",
        "retry-after": "1",
      });
      expect(refusal.json()).to.include({ reason: "busy" });
      for (const path of ["/api/sales/default", "/", "/metrics"])
        expect((await ask(httpPort, "GET", path)).status, path).to.equal(200);
      relent(client);
      await eventually(async () => (await list()).status === 200, "there are lists again");
    });
  }

  it("are forgotten with their socket, also those that wait behind others", async () => {
    const callers = new HttpCallers({ clock: systemClock, limits: LIMITS, rateLimit: 0 });
    const socket = new Socket();
    const caller = callers.of(socket);
    for (let i = 1; i <= 2; i++) {
      const request = new IncomingMessage(socket);
      const response = new ServerResponse(request);
      caller.asks(request, response);
      response.end("x".repeat(1_000));
      caller.leaveUnread(request, response);
      expect(callers.unreadBytes).to.be.within(i * 1_000, i * 1_500);
    }
    socket.destroy();
    await once(socket, "close");
    expect(callers.unreadBytes).to.equal(0);
  });
});
