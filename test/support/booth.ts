import type { Envelope } from "../../src/engine/ports.ts";
import { systemEntropy } from "../../src/engine/system.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { jsonDialect, textDialect } from "../../src/gateway/dialect.ts";
import { tcpText, webSocketJson, webSocketText } from "../../src/gateway/formats.ts";
import { Session } from "../../src/gateway/session/session.ts";
import { deskOf, SALE, VIEW } from "./desk.ts";
import { ManualTime } from "./manual-time.ts";

const WAYS = {
  tcp: { dialect: textDialect, format: tcpText, pushes: false },
  text: { dialect: textDialect, format: webSocketText, pushes: true },
  json: { dialect: jsonDialect, format: webSocketJson, pushes: false },
};

/** One session, with the queue and the connection in the test's hands. */
export class Booth {
  isFull = false;
  readonly taken: Envelope[] = [];
  /** What the command log was told. */
  readonly records: { readonly at: number; readonly command: string; readonly outcome: string }[] = [];
  /** Replies. */
  readonly sent: string[] = [];
  /** Pushes. */
  readonly pushed: string[] = [];
  codes = 0;
  isPaused = false;
  endedWith: number | null = null;
  /** Bytes that the client leaves unread. */
  backlog = 0;
  readonly time = new ManualTime();
  readonly desk: Desk;
  readonly session: Session;
  /** Asked to be told when nothing is unread. */
  waiting: (() => void)[] = [];

  constructor(way: keyof typeof WAYS = "tcp") {
    this.desk = deskOf(
      this.time,
      {
        submit: (envelope) => !this.isFull && this.taken.push(envelope) > 0,
        isFull: () => this.isFull,
      },
      {
        entropy: { ...systemEntropy, ticketCode: () => (++this.codes, systemEntropy.ticketCode()) },
        recorder: {
          record: (at, _peer, command, outcome) => this.records.push({ at, command, outcome }),
        },
      },
    );
    const transport = way === "tcp" ? "tcp" : "ws";
    this.session = new Session(this.desk, this.#connect(transport), { ...WAYS[way], sale: SALE });
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.session.receive(line);
  }

  /** The queue answers the oldest command that it took. */
  answer(): void {
    this.taken.shift()!.reply({ kind: "stock", view: VIEW });
  }

  /** The client reads all that was sent. */
  read(): void {
    this.backlog = 0;
    const { waiting } = this;
    this.waiting = [];
    for (const tell of waiting) tell();
  }

  #connect(transport: "tcp" | "ws"): ConstructorParameters<typeof Session>[1] {
    const unread = (): number => this.backlog;
    return {
      peer: { address: "10.0.0.1", port: 4000, transport },
      get backlog() {
        return unread();
      },
      midCommand: false,
      send: (reply) => this.sent.push(reply),
      write: (bytes) => this.pushed.push(bytes.toString()),
      end: (code) => (this.endedWith = code),
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      stopReading: () => (this.isPaused = true),
      whenSent: (tell) => this.waiting.push(tell),
    };
  }
}
