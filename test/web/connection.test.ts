import { expect } from "chai";
import { Connection, type Link } from "../../web/connection.ts";
import { PAGE_LIMITS } from "../../web/limits.ts";
import { ManualTime } from "../support/manual-time.ts";
import { FakeSocket, hello, stock, timersOf } from "./fakes.ts";

interface Setup {
  readonly time: ManualTime;
  readonly sockets: FakeSocket[];
  readonly connection: Connection;
  readonly links: Link[];
  readonly heard: string[];
  readonly last: () => FakeSocket;
  random: number;
}

function setUp(): Setup {
  const time = new ManualTime();
  const sockets: FakeSocket[] = [];
  const links: Link[] = [];
  const heard: string[] = [];
  const setup: Setup = { time, sockets, links, heard, connection: connect(), last, random: 0.5 };
  return setup;

  function connect(): Connection {
    return new Connection({
      open: (events) => {
        const socket = new FakeSocket(events);
        sockets.push(socket);
        return socket;
      },
      timers: timersOf(time),
      random: () => setup.random,
      greeted: () => heard.push("hello"),
      received: ({ type }) => heard.push(type),
      changed: (link) => links.push(link),
    });
  }

  function last(): FakeSocket {
    return sockets.at(-1)!;
  }
}

function greeted(): Setup {
  const setup = setUp();
  setup.connection.connect();
  setup.last().say(hello());
  return setup;
}

describe("the page's connection", () => {
  it("is live after hello and can send only then", () => {
    const { connection, last } = setUp();
    connection.connect();
    expect(connection.send({ type: "subscribe" })).to.equal(false);
    last().say(hello());
    expect(connection.link.kind).to.equal("live");
    expect(connection.send({ type: "subscribe" })).to.equal(true);
    expect(last().sent).to.deep.equal([{ type: "subscribe" }]);
  });

  for (const code of [1001, 1006, 1011, 1012, 1013, 4001, 4002]) {
    it(`comes back after ${code}`, () => {
      const { time, sockets, last, connection } = greeted();
      last().events.closed(code);
      expect(connection.link.kind).to.equal("waiting");
      time.advance(PAGE_LIMITS.reconnectFull.capMs);
      expect(sockets.length).to.be.greaterThan(1);
    });
  }

  for (const code of [1000, 1002, 1007, 1008, 1009]) {
    it(`stays away after ${code} until somebody asks for it`, () => {
      const { time, sockets, last, connection } = greeted();
      last().events.closed(code);
      expect(connection.link).to.deep.equal({ kind: "away", code });
      time.advance(24 * 3_600_000);
      connection.networkChanged(false);
      connection.networkChanged(true);
      time.advance(24 * 3_600_000);
      expect(sockets).to.have.lengthOf(1);
      connection.connect();
      expect(sockets).to.have.lengthOf(2);
    });
  }

  it("waits longer from attempt to attempt, up to the cap, and tries for ever", () => {
    const setup = setUp();
    const { connection, time, last, links } = setup;
    setup.random = 0.999_999;
    connection.connect();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 40; attempt++) {
      last().events.closed(1006);
      const link = links.at(-1)!;
      const wait = link.kind === "waiting" ? link.retryAt - time.monotonic() : -1;
      waits.push(wait);
      time.advance(wait);
    }
    expect(waits.slice(0, 6)).to.deep.equal([999, 1_999, 3_999, 4_999, 4_999, 4_999]);
    expect(Math.max(...waits)).to.be.below(PAGE_LIMITS.reconnect.capMs);
  });

  it("waits at random, and long enough for a server to start again", () => {
    const waits = [0, 0.3, 0.9].map((random) => {
      const setup = greeted();
      setup.random = random;
      setup.last().events.closed(1006);
      const { link } = setup.connection;
      return link.kind === "waiting" ? link.retryAt - setup.time.monotonic() : -1;
    });
    expect(waits).to.deep.equal([300, 510, 930]);
  });

  it("doesn't take a greeting before a quick end for success: a server that fails at once isn't hammered", () => {
    const setup = setUp();
    const { connection, time, last } = setup;
    setup.random = 0.999_999;
    connection.connect();
    for (let attempt = 0; attempt < 3; attempt++) {
      last().say(hello());
      last().events.closed(1011);
      time.advance(4_000);
    }
    last().say(hello());
    last().events.closed(1011);
    expect(connection.link.kind).to.equal("waiting");
    time.advance(4_000);
    expect(connection.link.kind).to.equal("waiting");
  });

  it("starts from the shortest wait again after a good connection", () => {
    const setup = greeted();
    const { connection, time, last } = setup;
    setup.random = 0.999_999;
    for (let attempt = 0; attempt < 4; attempt++) {
      last().events.closed(1006);
      time.advance(PAGE_LIMITS.reconnect.capMs);
    }
    last().say(hello());
    time.advance(PAGE_LIMITS.steadyMs);
    last().events.closed(1006);
    expect(connection.link).to.include({ kind: "waiting", retryAt: time.monotonic() + 999 });
  });

  it("says that the server is full", () => {
    const { connection, last } = setUp();
    connection.connect();
    last().events.closed(1013);
    expect(connection.link).to.include({ kind: "waiting", why: "full" });
  });

  it("gives up on a server that doesn't greet", () => {
    const { connection, time, last } = setUp();
    connection.connect();
    const first = last();
    time.advance(PAGE_LIMITS.helloMs);
    expect(first.closed).to.equal(true);
    expect(connection.link.kind).to.equal("waiting");
  });

  it("asks a silent server whether it is there, and leaves it if it isn't", () => {
    const { connection, time, last } = greeted();
    time.advance(PAGE_LIMITS.silenceMs);
    expect(last().sent).to.deep.equal([{ type: "query", id: "pulse" }]);
    last().say(stock());
    time.advance(PAGE_LIMITS.pulseMs);
    expect(connection.link.kind).to.equal("live");
    time.advance(PAGE_LIMITS.silenceMs);
    expect(connection.link.kind).to.equal("waiting");
  });

  it("asks at once when the page wakes up", () => {
    const { connection, time, last } = greeted();
    connection.wake();
    expect(last().sent).to.deep.equal([{ type: "query", id: "pulse" }]);
    time.advance(PAGE_LIMITS.pulseMs);
    expect(connection.link.kind).to.equal("waiting");
  });

  it("hears nothing from a socket that it has given up", () => {
    const { connection, time, sockets, heard } = greeted();
    time.advance(PAGE_LIMITS.silenceMs + PAGE_LIMITS.pulseMs + 1_000);
    expect(sockets).to.have.lengthOf(2);
    sockets[1]!.say(hello());
    heard.length = 0;
    sockets[0]!.say(stock());
    sockets[0]!.events.closed(1008);
    expect(heard).to.deep.equal([]);
    expect(connection.link.kind).to.equal("live");
  });

  it("comes back at once when somebody looks at the page again", () => {
    const { connection, time, last, sockets } = greeted();
    last().events.closed(1001);
    connection.wake();
    expect(sockets).to.have.lengthOf(2);
    connection.wake();
    time.advance(PAGE_LIMITS.reconnect.capMs);
    expect(sockets).to.have.lengthOf(2);
  });

  it("knocks at a full server no sooner for being looked at, and at none that sent it away", () => {
    for (const code of [1013, 1008]) {
      const { connection, last, sockets } = greeted();
      last().events.closed(code);
      connection.wake();
      connection.networkChanged(true);
      expect(sockets).to.have.lengthOf(1);
    }
  });

  it("keeps a connection that answers, whatever the browser says of its network", () => {
    const { connection, time, last, sockets } = greeted();
    connection.networkChanged(false);
    expect(last().sent).to.deep.equal([{ type: "query", id: "pulse" }]);
    last().say(stock());
    time.advance(PAGE_LIMITS.pulseMs);
    expect(connection.link.kind).to.equal("live");
    expect(sockets).to.have.lengthOf(1);
    expect(last().closed).to.equal(false);
  });

  it("leaves one that doesn't answer when the browser is offline, and says that it is", () => {
    const { connection, time, last } = greeted();
    connection.networkChanged(false);
    time.advance(PAGE_LIMITS.pulseMs);
    expect(last().closed).to.equal(true);
    expect(connection.link.kind).to.equal("offline");
  });

  it("goes on trying while the browser is offline, and finds a server that is there all the same", () => {
    const { connection, time, last, sockets } = greeted();
    connection.networkChanged(false);
    for (let attempt = 1; attempt <= 20; attempt++) {
      last().events.closed(1006);
      expect(connection.link.kind).to.equal("offline");
      time.advance(PAGE_LIMITS.reconnect.capMs);
      expect(sockets).to.have.lengthOf(attempt + 1);
      expect(connection.link.kind).to.equal("offline");
    }
    last().say(hello());
    expect(connection.link.kind).to.equal("live");
  });

  it("changes the words at once when the browser's network goes or comes while it waits", () => {
    const { connection, last, sockets } = greeted();
    last().events.closed(1006);
    expect(connection.link.kind).to.equal("waiting");
    connection.networkChanged(false);
    expect(connection.link.kind).to.equal("offline");
    connection.networkChanged(true);
    expect(connection.link.kind).to.equal("connecting");
    expect(sockets).to.have.lengthOf(2);
  });

  it("hurries while the browser is offline for whoever looks", () => {
    const { connection, last, sockets } = greeted();
    connection.networkChanged(false);
    last().events.closed(1006);
    connection.wake();
    expect(sockets).to.have.lengthOf(2);
    connection.wake();
    expect(sockets, "one attempt is under way").to.have.lengthOf(2);
  });

  it("begins anew what it began without a network, once that is back", () => {
    const { connection, last, sockets } = greeted();
    connection.networkChanged(false);
    last().events.closed(1006);
    connection.wake();
    connection.networkChanged(true);
    expect(sockets.map(({ closed }) => closed)).to.deep.equal([true, true, false]);
    connection.networkChanged(true);
    expect(sockets).to.have.lengthOf(3);
  });

  it("leaves a full server its air though the network comes and goes", () => {
    const { connection, last, sockets } = greeted();
    last().events.closed(1013);
    connection.networkChanged(false);
    connection.networkChanged(true);
    expect(connection.link).to.include({ kind: "waiting", why: "full" });
    expect(sockets).to.have.lengthOf(1);
  });

  it("has one attempt under way at a time", () => {
    const { connection, time, sockets, last } = greeted();
    last().events.closed(1006);
    connection.connect();
    connection.connect();
    time.advance(PAGE_LIMITS.helloMs - 1);
    expect(sockets).to.have.lengthOf(3);
    expect(sockets.filter((socket) => !socket.closed)).to.have.lengthOf(1);
  });

  it("passes over what isn't a message", () => {
    const { last, heard, connection } = greeted();
    for (const text of ["", "nonsense", "null", "7", "[]", "{}"]) last().events.message(text);
    expect(heard).to.deep.equal(["hello"]);
    expect(connection.link.kind).to.equal("live");
  });
});
