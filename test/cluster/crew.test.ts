import { Duplex } from "node:stream";
import { expect } from "chai";
import { Crew, type CrewParts } from "../../src/cluster/crew.ts";
import { frameOf, FrameKind, FrameReader } from "../../src/cluster/framing.ts";
import type { Welcome } from "../../src/cluster/notes.ts";
import type { Recruit } from "../../src/cluster/recruit.ts";
import { readTurn } from "../../src/cluster/turn-codec.ts";
import type { SaleView } from "../../src/box-office/sale.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Counter, Published } from "../../src/engine/ports.ts";

const LISTENING = frameOf(FrameKind.note, JSON.stringify({ type: "listening" }));

/** A process that listens at once or when it is told to, or one that could not be started. */
class Fake implements Recruit {
  readonly socket: Duplex;
  readonly ended: Promise<string>;
  /** The offsets of the sale that it was told of, the one of its welcome first. */
  readonly offsets: number[] = [];
  /** The offsets of the events that it was told of. */
  readonly events: number[] = [];
  #end: (how: string) => void = () => undefined;

  constructor(starts: boolean, listens = true) {
    const reader = new FrameReader(LIMITS.workers.frameBytes, (kind, body) => this.#hear(kind, body));
    this.socket = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        reader.push(chunk);
        done();
      },
    });
    this.ended = new Promise((resolve) => (this.#end = resolve));
    if (!starts) this.kill();
    else if (listens) this.listen();
  }

  listen(): void {
    this.socket.push(LISTENING);
  }

  kill(): void {
    this.socket.destroy();
    this.#end("killed");
  }

  #hear(kind: FrameKind, body: Buffer): void {
    if (kind === FrameKind.welcome) {
      const { views, recent } = JSON.parse(body.toString()) as Welcome;
      this.offsets.push(...views.map(({ position }) => position.offset));
      this.events.push(...recent.map(({ offset }) => offset));
    } else if (kind === FrameKind.turn) {
      const { publication } = readTurn(body);
      this.offsets.push(...(publication?.views ?? []).map(({ position }) => position.offset));
      this.events.push(...(publication?.events ?? []).map(({ offset }) => offset));
    }
  }
}

class Place {
  readonly crew: Crew;
  readonly recruits: Fake[] = [];
  /** Milliseconds that each replacement waited. */
  readonly waits: number[] = [];
  readonly faults: Error[] = [];
  readonly warnings: string[] = [];
  /** The event at which the one sale was last changed. */
  offset = 0;
  starts = true;
  /** Whether those who start listen at once. */
  listen = true;
  #now = 0;

  constructor(size = 1) {
    const nobody = { views: () => [this.#view] } as unknown as Counter;
    this.crew = new Crew({
      size,
      counter: nobody,
      limits: LIMITS.workers,
      recentEvents: 4,
      ports: { http: 1, tcp: null },
      recruit: () => {
        const recruit = new Fake(this.starts, this.listen);
        this.recruits.push(recruit);
        return recruit;
      },
      welcome: () => ({}) as ReturnType<CrewParts["welcome"]>,
      answer: () => Promise.reject(new Error("nobody asks")),
      lines: () => undefined,
      remark: () => undefined,
      warn: (message) => this.warnings.push(message),
      report: () => undefined,
      replaced: () => undefined,
      fail: (fault) => this.faults.push(fault),
      monotonic: () => this.#now,
      after: (ms, task) => {
        this.waits.push(ms);
        this.#now += ms;
        setImmediate(task);
        return { cancel: () => undefined };
      },
    });
  }

  get #view(): SaleView {
    return { sale: "default", position: { epoch: 1, offset: this.offset }, available: 9 } as SaleView;
  }

  /** As the engine does it: its own view is new before anybody is told. */
  pause(): void {
    this.offset += 1;
    const event = { type: "paused", sale: "default", at: 0 } as Published["events"][number];
    this.crew.publish({ epoch: 1, events: [event], offset: this.offset, views: [this.#view] });
  }
}

/** Until what one turn published has been sent. */
function turn(): Promise<void> {
  return new Promise(setImmediate);
}

describe("a crew", () => {
  it("replaces the first that dies at once, and waits longer and longer while nothing can be started", async () => {
    const place = new Place();
    await place.crew.start();
    place.starts = false;
    place.recruits[0]!.kill();
    while (place.faults.length === 0) await new Promise(setImmediate);
    const { restarts, longestRestartMs } = LIMITS.workers;
    expect(place.waits).to.have.length(restarts - 1);
    expect(place.waits.slice(0, 4)).to.deep.equal([10, 20, 40, 80]);
    expect(place.waits.at(-1)).to.equal(longestRestartMs);
    expect(place.crew.size).to.equal(0);
  });

  it("serves on when what kept new ones from starting is over", async () => {
    const place = new Place();
    await place.crew.start();
    place.starts = false;
    place.recruits[0]!.kill();
    while (place.recruits.length < 5) await new Promise(setImmediate);
    place.starts = true;
    while (place.crew.size === 0) await new Promise(setImmediate);
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    expect(place.crew.size).to.equal(1);
    expect(place.faults).to.deep.equal([]);
    await place.crew.cut();
  });

  it("replaces one that died after it listened, while the others were still starting", async () => {
    const place = new Place(2);
    place.listen = false;
    const started = place.crew.start();
    const [first, second] = place.recruits as [Fake, Fake];
    first.listen();
    await new Promise(setImmediate);
    first.kill();
    while (place.crew.size === 2) await new Promise(setImmediate);
    second.listen();
    await started;
    expect(place.recruits).to.have.length(3);
    expect(place.crew.size).to.equal(2);
    expect(place.crew.lost).to.equal(1);
    expect(place.warnings).to.deep.equal([
      "a worker ended and is replaced: it died while others were starting",
    ]);
    await place.crew.cut();
  });

  it("tells those that are still starting all that is published after their welcome", async () => {
    const place = new Place(2);
    place.listen = false;
    const started = place.crew.start();
    const [first, second] = place.recruits as [Fake, Fake];
    place.pause();
    await turn();
    first.listen();
    await turn();
    place.pause();
    await turn();
    second.listen();
    await started;
    place.pause();
    await turn();
    await place.crew.cut();
    for (const { offsets, events } of [first, second]) {
      expect(offsets).to.deep.equal([0, 1, 2, 3]);
      expect(events).to.deep.equal([1, 2, 3]);
    }
  });

  it("welcomes one that takes another's place with what was published, and tells it what is from then on", async () => {
    const place = new Place();
    await place.crew.start();
    place.pause();
    await turn();
    place.listen = false;
    place.recruits[0]!.kill();
    while (place.recruits.length === 1) await turn();
    place.pause();
    await turn();
    const [, second] = place.recruits as [Fake, Fake];
    second.listen();
    await place.crew.cut();
    expect(second.offsets).to.deep.equal([1, 2]);
    expect(second.events).to.deep.equal([1, 2]);
  });

  it("isn't there when one of its first can't listen", async () => {
    const place = new Place(2);
    place.listen = false;
    const started = place.crew.start();
    place.recruits[0]!.listen();
    place.recruits[1]!.kill();
    let fault: unknown = null;
    await started.catch((cause: unknown) => (fault = cause));
    expect(fault)
      .to.be.an.instanceof(Error)
      .with.property("message")
      .that.matches(/before it listened/);
    expect(place.crew.size).to.equal(0);
    expect(place.recruits).to.have.length(2);
  });

  it("that stops starts nobody any more", async () => {
    const place = new Place();
    await place.crew.start();
    await place.crew.cut();
    expect(place.recruits).to.have.length(1);
    expect(place.crew.size).to.equal(0);
  });
});
