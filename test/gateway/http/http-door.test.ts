import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { expect } from "chai";
import { Admission } from "../../../src/gateway/admission.ts";
import type { Desk } from "../../../src/gateway/desk.ts";
import { HttpDoor } from "../../../src/gateway/http/http-door.ts";
import { TrustedProxies } from "../../../src/gateway/trusted-proxies.ts";
import { cleanup } from "../../support/cleanup.ts";
import { eventually } from "../../support/inbox.ts";

const SOMEONE = "203.0.113.7";
const REQUEST = `GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${SOMEONE}\r\n\r\n`;

interface Entered {
  readonly response: ServerResponse;
  readonly isIn: boolean;
}

/** A server behind a trusted proxy: what came in is answered by the test, or never. */
async function openDoor(perAddress: number): Promise<{
  readonly entered: Entered[];
  /** Places that this client has, by the last word. */
  readonly held: () => number;
  readonly refused: () => number;
  readonly connect: () => Promise<Socket>;
}> {
  let held = 0;
  const changed = (_address: string, count: number): void => void (held = count);
  const proxies = new TrustedProxies(["127.0.0.1"]);
  const admission = new Admission(100, perAddress, changed, (address) => proxies.trusts(address));
  const counts = { refusedConnections: 0 };
  const door = new HttpDoor(admission, { proxies, counts } as unknown as Desk);
  const entered: Entered[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    entered.push({ response, isIn: door.enterForwarded(request, response) });
  });
  server.on("connection", (socket) => door.admit(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket));
      socket.on("error", () => {}).resume();
      cleanup(() => void socket.destroy());
    });
  return { entered, held: () => held, refused: () => counts.refusedConnections, connect: open };
}

describe("gateway: whom a trusted proxy speaks for", () => {
  it("holds a place for each request until it is answered", async () => {
    const door = await openDoor(2);
    const socket = await door.connect();
    socket.write(REQUEST + REQUEST + REQUEST);
    await eventually(() => door.entered.length === 3, "all requests came in");
    expect(door.entered.map(({ isIn }) => isIn)).to.deep.equal([true, true, false]);
    expect(door.refused()).to.equal(1);
    for (const { response } of door.entered) response.end();
    await eventually(() => door.held() === 0, "the places are free again");
  });

  it("says nothing of leaks where a connection has as many requests as it may", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", hear);
    cleanup(() => void process.off("warning", hear));
    const door = await openDoor(100);
    const socket = await door.connect();
    socket.write(REQUEST.repeat(20));
    await eventually(() => door.entered.length === 20, "all requests came in");
    for (const { response } of door.entered) response.end();
    await eventually(() => door.held() === 0, "the places are free again");
    expect(warnings).to.deep.equal([]);
  });

  it("leaves when the connection breaks, with an answer under way and another one queued behind it", async () => {
    const door = await openDoor(2);
    const socket = await door.connect();
    socket.write(REQUEST + REQUEST);
    await eventually(() => door.held() === 2, "both requests came in");
    socket.resetAndDestroy();
    await eventually(() => door.held() === 0, "the places are free again");
    // Once each: another connection has all of them, and no more.
    const next = await door.connect();
    next.write(REQUEST + REQUEST + REQUEST);
    await eventually(() => door.entered.length === 5, "three more came in");
    expect(door.entered.slice(2).map(({ isIn }) => isIn)).to.deep.equal([true, true, false]);
  });
});
