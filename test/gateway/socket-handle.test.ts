import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import * as fc from "fast-check";
import { readInto, SocketHandle, stopReading } from "../../src/gateway/socket-handle.ts";

describe("below a socket", () => {
  let server: Server;

  before(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  after(() => void server.close());

  async function openPair(): Promise<{ inside: Socket; outside: Socket }> {
    const arrived = once(server, "connection");
    const outside = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
    const [inside] = (await arrived) as [Socket];
    for (const socket of [inside, outside]) socket.on("error", () => {});
    return { inside, outside };
  }

  function writerOf(socket: Socket): SocketHandle {
    const handle = SocketHandle.of(socket);
    if (handle === null) throw new Error("this Node doesn't look as expected");
    return handle;
  }

  it("bytes, texts and what the socket itself writes leave in the order in which they came", async () => {
    const piece = fc.tuple(fc.constantFrom("bytes", "text", "socket"), fc.integer({ min: 1, max: 200_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        const { inside, outside } = await openPair();
        const writer = writerOf(inside);
        let sent = "";
        for (const [i, [way, size]] of pieces.entries()) {
          const text = String.fromCharCode(0x41 + i).repeat(size);
          sent += text;
          if (way === "bytes") writer.write(Buffer.from(text));
          else if (way === "text") writer.writeLatin1(text);
          else inside.write(text);
        }
        inside.end();
        expect(await textOf(outside)).to.equal(sent);
        outside.destroy();
      }),
      { numRuns: 30 },
    );
  });

  it("what a reader leaves unread is counted, and whoever waits is told when it is read", async () => {
    const { inside, outside } = await openPair();
    const writer = writerOf(inside);
    let sent = 0;
    while (writer.unsent === 0) {
      writer.write(Buffer.alloc(100_000, "x"));
      sent += 100_000;
    }
    writer.writeLatin1("y".repeat(50_000));
    sent += 50_000;
    expect(writer.unsent).to.be.above(50_000);
    const told = new Promise<number>((resolve) => writer.whenSent(() => resolve(writer.unsent)));
    const text = textOf(outside);
    expect(await told).to.equal(0);
    inside.end();
    expect((await text).length).to.equal(sent);
    expect(writer.unsent).to.equal(0);
    inside.destroy();
    outside.destroy();
  });

  it("a text that waits is kept as its bytes, and not as the pieces that it was put together from", async () => {
    const { inside, outside } = await openPair();
    const writer = writerOf(inside);
    while (writer.unsent === 0) writer.write(Buffer.alloc(100_000));
    const kept: unknown[] = [];
    const write = inside.write.bind(inside);
    Object.assign(inside, {
      write: (chunk: Buffer | string) => {
        kept.push(chunk);
        return write(chunk);
      },
    });
    const pieces = ["\x81\x04", "dois", "\x81\x02", "\xe9s"];
    writer.writeLatin1(pieces.reduce((text, piece) => text + piece, ""));
    inside.destroy();
    outside.destroy();
    expect(kept).to.deep.equal([Buffer.from(pieces.join(""), "latin1")]);
  });

  it("nobody is told of a socket that is ended, and what it was given before still arrives", async () => {
    const { inside, outside } = await openPair();
    const writer = writerOf(inside);
    const errors: Error[] = [];
    inside.on("error", (error) => errors.push(error));
    let told = 0;
    inside.end("goodbye");
    writer.whenSent(() => (told += 1));
    expect(await textOf(outside)).to.equal("goodbye");
    expect({ told, errors }).to.deep.equal({ told: 0, errors: [] });
    inside.destroy();
    outside.destroy();
  });

  it("nothing happens on a socket that is destroyed, or whose other end reset it", async () => {
    const { inside, outside } = await openPair();
    const writer = writerOf(inside);
    const closed = new Promise((resolve) => inside.once("close", resolve));
    outside.resetAndDestroy();
    for (let i = 0; i < 20 && !inside.destroyed; i++) {
      writer.writeLatin1("nobody hears this");
      await wait(5);
    }
    await closed;
    writer.write(Buffer.from("nor this"));
    writer.writeLatin1("nor that");
  });

  it("bytes that are waiting when the socket is destroyed end quietly", async () => {
    const { inside, outside } = await openPair();
    const writer = writerOf(inside);
    while (writer.unsent === 0) writer.write(Buffer.alloc(100_000));
    inside.destroy();
    await once(inside, "close");
    outside.destroy();
  });

  it("bytes that aren't taken go the usual way, and so does the end", async () => {
    const { inside, outside } = await openPair();
    let usual = "";
    inside.on("data", (chunk: Buffer) => (usual += chunk.toString()));
    let direct = "";
    const taker = {
      takeBytes(bytes: Buffer, length: number): number {
        const upTo = bytes.subarray(0, length).indexOf("!");
        direct += bytes.toString("latin1", 0, upTo === -1 ? length : upTo);
        return upTo === -1 ? length : upTo;
      },
      takeEnd(): void {
        direct += ".";
      },
    };
    expect(readInto(inside, taker)).to.equal(true);
    expect(readInto(inside, taker), "a second time").to.equal(false);
    for (const text of ["one", "two!three", "!", "four"]) {
      outside.write(text);
      await wait(20);
    }
    const ended = once(inside, "end");
    outside.end();
    await ended;
    expect({ direct, usual }).to.deep.equal({ direct: "onetwofour.", usual: "!three!" });
    inside.destroy();
  });

  it("nothing more is read of a socket that whoever took some bytes destroyed", async () => {
    const { inside, outside } = await openPair();
    let usual = "";
    inside.on("data", (chunk: Buffer) => (usual += chunk.toString()));
    const closed = new Promise((resolve) => inside.once("close", resolve));
    const taker = {
      takeBytes(): number {
        inside.destroy();
        return 2;
      },
      takeEnd(): void {},
    };
    readInto(inside, taker);
    outside.write("one and more");
    await closed;
    expect(usual).to.equal("");
    outside.destroy();
  });

  it("nothing more is read of one that is to be read no more, whoever resumes it", async () => {
    const { inside, outside } = await openPair();
    let heard = 0;
    inside.on("data", (chunk: Buffer) => (heard += chunk.length));
    const first = once(inside, "data");
    outside.write("before");
    await first;
    stopReading(inside);
    const before = inside.bytesRead;
    const flood = Buffer.alloc(64 * 1024);
    while (outside.write(flood));
    inside.resume();
    inside.on("data", () => {});
    inside.read();
    await wait(50);
    expect({ heard, more: inside.bytesRead - before, inStream: inside.readableLength }).to.deep.equal({
      heard: "before".length,
      more: 0,
      inStream: 0,
    });
    inside.destroy();
    outside.destroy();
  });

  it("a socket without such a handle is left to its streams", () => {
    for (const handle of [null, {}, { writeQueueSize: 0, onread() {} }]) {
      const socket = { _handle: handle } as unknown as Socket;
      expect(SocketHandle.of(socket)).to.equal(null);
      expect(readInto(socket, { takeBytes: () => 0, takeEnd: () => {} })).to.equal(false);
    }
  });
});

async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}
