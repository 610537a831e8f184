/** What a client that sends no newline is told, and when: time stands still until a test lets it pass. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect } from "chai";
import type { Envelope, Published, Scheduler } from "../../../src/engine/ports.ts";
import { TcpClient } from "../../../src/gateway/tcp/tcp-client.ts";
import { LIMITS } from "../../../src/limits.ts";
import { deskOf, SALE, VIEW } from "../../support/desk.ts";
import { ManualTime, promises } from "../../support/manual-time.ts";

const SILENCE_MS = LIMITS.tcp.bareCommandMs;

/** One client, and the queue that it talks to. */
class Line {
  readonly time = new ManualTime();
  readonly client: TcpClient;
  /** What reached the queue. */
  readonly asked: Envelope[] = [];
  isFull = false;
  heard = "";
  /** What happens behind a timer that is due, within the same turn of the loop: something kept it busy until now. */
  late: () => void = () => undefined;
  readonly #socket = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => {
      this.heard += chunk.toString();
      done();
    },
  });
  readonly #publish: (published: Published) => void;

  constructor() {
    const desk = deskOf(this.time, {
      submit: (envelope) => this.asked.push(envelope) > 0,
      isFull: () => this.isFull,
    });
    this.#publish = (published) => desk.hub.publish(published);
    const peer = { address: "127.0.0.1", port: 1, transport: "tcp" } as const;
    const scheduler: Scheduler = {
      soon: (task) => this.time.soon(task),
      after: (ms, task) =>
        this.time.after(ms, () => {
          task();
          this.late();
        }),
    };
    this.client = new TcpClient(this.#socket as unknown as Socket, peer, desk, SALE, scheduler);
  }

  /** Closes its half. */
  ends(): void {
    this.#socket.emit("end");
  }

  says(bytes: string): void {
    this.#socket.emit("data", Buffer.from(bytes));
  }

  /** The organiser pauses the sale, and whoever can hear it does. */
  pause(): void {
    const position = { epoch: 1, offset: 5 };
    const events = [{ type: "paused", sale: SALE, at: 0 }] as unknown as Published["events"];
    this.#publish({ epoch: 1, offset: 5, events, views: [{ ...VIEW, state: "paused", position }] });
    this.time.settle();
  }
}

describe("a TCP client that sends no newline", () => {
  it("hears an AVISO that waited for its command behind the refusal of a full queue", async () => {
    const line = new Line();
    line.says("ASSINAR");
    line.time.advance(SILENCE_MS);
    await promises();
    line.heard = "";
    line.says("COMPRAR");
    line.pause();
    expect(line.heard).to.equal("");
    line.isFull = true;
    line.time.advance(SILENCE_MS);
    await promises();
    line.client.closed();
    expect(line.heard).to.equal("ERRO: Servidor ocupado. Tente de novo\nAVISO: Venda pausada\n");
  });

  it("buys as many as it said, though the rest of its line is read after the silence was over", () => {
    const line = new Line();
    line.says("COMPRAR");
    line.late = () => line.says(" 5\n");
    line.time.advance(SILENCE_MS);
    line.client.closed();
    const [bought, ...more] = line.asked.map(({ command }) => command);
    expect(bought).to.have.nested.property("items[0].quantity", 5);
    expect(more).to.deep.equal([]);
  });

  it("buys once when nothing comes", () => {
    const line = new Line();
    line.says("COMPRAR");
    line.time.advance(SILENCE_MS - 1);
    expect(line.asked).to.deep.equal([]);
    line.time.advance(1);
    line.time.advance(10 * SILENCE_MS);
    line.client.closed();
    expect(line.asked.map(({ command }) => command.type)).to.deep.equal(["buy"]);
    expect(line.time.waiting.soon).to.equal(0);
  });

  it("buys once when it closes its half while the silence is being made sure of", () => {
    const line = new Line();
    line.says("COMPRAR");
    line.late = () => line.ends();
    line.time.advance(SILENCE_MS);
    line.client.closed();
    expect(line.asked.map(({ command }) => command.type)).to.deep.equal(["buy"]);
  });

  it("buys nothing when it is gone while the silence is being made sure of", () => {
    const line = new Line();
    line.says("COMPRAR");
    line.late = () => line.client.closed();
    line.time.advance(SILENCE_MS);
    expect(line.asked).to.deep.equal([]);
  });
});
