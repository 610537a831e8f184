/** Somebody who wants tickets: asks, loses the connection, comes back, and asks again with the same key. */
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { TicketCode } from "../../src/box-office/sale.ts";
import type { Question } from "./ear.ts";
import type { Position } from "./ledger.ts";
import type { Heard, Link, LinkClient, Upward } from "./link.ts";
import type { Meaning } from "./meaning.ts";
import type { BuyerAction, BuyerPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Asker, Taken } from "./taken.ts";
import { HELP, UNKNOWN, type Json } from "./words.ts";
import type { World } from "./world.ts";

/** A purchase that isn't answered yet: it is asked for on every connection until it is. */
interface Intent {
  readonly key: string;
  readonly quantity: number;
  isAnswered: boolean;
}

interface Said {
  readonly text: string;
  readonly question: Question;
}

const JUNK: readonly (readonly [string, string])[] = [
  ["FOO", UNKNOWN],
  ["COMPRAR 99", "ERRO: Quantidade inválida. Use de 1 a 10"],
  ["COMPRAR 1 chave!", "ERRO: Chave inválida"],
  ["", HELP],
  ["  ajuda ", HELP],
  ["x".repeat(600), "ERRO: Linha longa demais"],
  ["COMPRAR 1 a b", UNKNOWN],
  ["COMPRAR zero", "ERRO: Quantidade inválida. Use de 1 a 10"],
];

const JSON_JUNK: readonly Said[] = [
  { text: "nada", question: { type: "line", line: "bad_message" } },
  { text: '{"type":"buy","id":"ç"}', question: { type: "line", line: "bad_key", id: "ç" } },
  {
    text: '{"type":"buy","id":"k","quantity":0}',
    question: { type: "line", line: "bad_quantity", id: "k" },
  },
  { text: '{"type":"query","id":7}', question: { type: "line", line: "bad_message" } },
];

export class Buyer implements LinkClient {
  readonly plan: BuyerPlan;
  readonly #world: World;
  readonly #random: Random;
  readonly #intents: Intent[] = [];
  #link: Link | null = null;
  #visits = 0;
  #queries = 0;
  #position: Position | null = null;
  #staysAway = false;

  constructor(plan: BuyerPlan, world: World) {
    this.plan = plan;
    this.#world = world;
    this.#random = world.random(`buyer ${plan.name}`);
    if (plan.kind !== "program") world.timeline.at(plan.arrivesAt, () => this.#connect());
  }

  do(action: BuyerAction): void {
    if (this.plan.kind === "program") {
      this.#doDirectly(action);
      return;
    }
    switch (action.do) {
      case "buy":
        if (action.key === null) this.#say(this.#purchase(action.quantity, null));
        else {
          this.#intents.push({ key: action.key, quantity: action.quantity, isAnswered: false });
          this.#say(this.#purchase(action.quantity, action.key));
        }
        return;
      case "again": {
        const intent = this.#intents[0];
        if (intent !== undefined) this.#say(this.#purchase(action.quantity ?? intent.quantity, intent.key));
        return;
      }
      case "flood":
        for (let i = 0; i < action.count; i++) this.#say(this.#query());
        return;
      case "stall":
        this.#stall(action.ms);
        return;
      case "black_hole":
        this.#fallIntoBlackHole(action.ms);
        return;
      case "cut":
        this.#link?.cut();
        return;
      case "abandon":
        this.#link?.abandon();
        this.#lost();
        return;
      case "fin":
        if (this.#isTcp)
          this.#send({ bytes: Buffer.alloc(0), questions: [], isPartial: false, isLast: true });
        if (this.#isTcp) this.#staysAway = true;
        return;
      default:
        this.#sayMore(action);
    }
  }

  /** Everything works again: reads what there is. */
  calm(): void {
    this.#link?.readOn();
  }

  heard({ text, due }: Heard): void {
    if (this.plan.kind === "json") {
      const { type, position } = JSON.parse(text) as Json;
      if ((type === "stock" || type === "notice") && position !== undefined && this.#isNewer(position))
        this.#position = position;
    }
    const key = due?.question.key;
    if (key === undefined || /Servidor ocupado|busy|rate_limited|Muitas/.test(text)) return;
    this.#world.answers += 1;
    for (const intent of this.#intents) if (intent.key === key) intent.isAnswered = true;
  }

  ended(code: number): void {
    if (code === 1000 || code === 1008) this.#staysAway = true;
    this.#lost();
  }

  get #isTcp(): boolean {
    return this.plan.kind === "tcp" || this.plan.kind === "bare";
  }

  #isNewer({ epoch, offset }: Position): boolean {
    const known = this.#position;
    return known === null || epoch > known.epoch || (epoch === known.epoch && offset > known.offset);
  }

  #lost(): void {
    this.#link = null;
    if (this.#staysAway || this.#world.isOver) return;
    this.#world.timeline.after(this.#random.span(5, 150), () => this.#connect());
  }

  #connect(): void {
    if (this.#link !== null || this.#world.isOver) return;
    const { name, kind, sale, address } = this.plan;
    this.#visits += 1;
    const link = this.#world.connect({
      name: `${name}.${this.#visits}`,
      transport: this.#isTcp ? "tcp" : "ws",
      dialect: kind === "json" ? "json" : "text",
      sale,
      address,
      client: this,
    });
    if (link === null) {
      this.#world.timeline.after(this.#random.span(20, 120), () => this.#connect());
      return;
    }
    this.#link = link;
    this.#world.count("connections");
    if (kind === "json" && this.#random.chance(0.8)) this.#say(this.#resumption());
    for (const { key, quantity, isAnswered } of this.#intents) {
      if (isAnswered) continue;
      this.#world.count("retries with the same key");
      this.#say(this.#purchase(quantity, key));
    }
  }

  #stall(ms: number): void {
    const link = this.#link;
    if (link === null) return;
    link.stall();
    this.#world.count("stalled readers");
    this.#world.timeline.after(ms, () => link.readOn());
  }

  /** The network swallows everything; after a while the client gives up and comes again. */
  #fallIntoBlackHole(ms: number): void {
    const link = this.#link;
    if (link === null) return;
    link.swallow();
    this.#world.count("half-open connections");
    this.#world.timeline.after(ms, () => {
      if (this.#link !== link) return;
      link.abandon();
      this.#lost();
    });
  }

  #sayMore({ do: what, ...rest }: BuyerAction): void {
    const isJson = this.plan.kind === "json";
    switch (what) {
      case "query":
        this.#say(this.#query());
        return;
      case "resume":
        if (isJson) this.#say(this.#resumption());
        return;
      case "junk":
        this.#say(this.#junk((rest as { which: number }).which));
        return;
    }
    if (isJson) return;
    if (what === "tickets") this.#say({ text: "INGRESSOS", question: { type: "tickets" } });
    if (what === "on") this.#say({ text: "ASSINAR", question: { type: "on", line: "Assinatura ativa" } });
    if (what === "off")
      this.#say({ text: "Silenciar", question: { type: "off", line: "Assinatura cancelada" } });
    if (what === "quit" && !this.#staysAway) {
      this.#say({ text: "SAIR", question: { type: "line", line: "Até logo" } });
      this.#staysAway = true;
    }
  }

  #query(): Said {
    if (this.plan.kind !== "json")
      return { text: this.#random.pick(["CONSULTAR", "consultar"]), question: { type: "query" } };
    const id = `q${(this.#queries += 1)}`;
    return { text: JSON.stringify({ type: "query", id }), question: { type: "query", id } };
  }

  #purchase(quantity: number, key: string | null): Said {
    const { kind, buyer } = this.plan;
    if (kind === "json") {
      const id = key ?? "";
      const text = JSON.stringify({ type: "buy", id, quantity, ...(buyer === null ? {} : { buyer }) });
      return {
        text,
        question: { type: "buy", id, quantity, key: id, ...(buyer === null ? {} : { buyer }) },
      };
    }
    const text =
      key !== null ? `COMPRAR ${quantity} ${key}` : quantity === 1 ? "COMPRAR" : `comprar  ${quantity}`;
    return { text, question: { type: "buy", quantity, ...(key === null ? {} : { key }) } };
  }

  #resumption(): Said {
    const from = this.#position;
    return {
      text: JSON.stringify({ type: "subscribe", ...(from === null ? {} : { from }) }),
      question: { type: "resume", ...(from === null ? {} : { from }) },
    };
  }

  #junk(which: number): Said {
    if (this.plan.kind === "json") return JSON_JUNK[which % JSON_JUNK.length]!;
    const [text, line] = JUNK[which]!;
    return { text, question: { type: "line", line } };
  }

  #say({ text, question }: Said): void {
    const link = this.#link;
    if (link === null || (this.#staysAway && question.line !== "Até logo")) return;
    const { kind } = this.plan;
    if (this.#isTcp && this.#world.plan.rateLimit > 0 && link.ear.dues.length + this.#onTheWay > 0) return;
    if (kind === "bare") {
      this.#sayBare(text, question, link);
      return;
    }
    if (kind !== "tcp") {
      this.#send({ bytes: Buffer.from(text), questions: [question], isPartial: false });
      return;
    }
    const bytes = Buffer.from(text + this.#random.pick(["\n", "\r\n"]));
    const cut =
      bytes.length > 2 && bytes.length < 100 && this.#random.chance(0.3)
        ? this.#random.between(1, bytes.length - 1)
        : 0;
    if (cut > 0) this.#send({ bytes: bytes.subarray(0, cut), questions: [], isPartial: true }, 2);
    this.#send(
      { bytes: bytes.subarray(cut), questions: [question], isPartial: false, isRest: cut > 0 },
      cut > 0 ? 4 : 40,
    );
  }

  #onTheWay = 0;

  /** A classroom client: one word without a line end, then it waits for the answer. */
  #sayBare(text: string, question: Question, link: Link): void {
    if (link.ear.dues.length > 0 || this.#onTheWay > 0 || text === "" || /\d/.test(text) || text.length > 99)
      return;
    if (question.type === "line" && question.line !== HELP && text !== "SAIR") return;
    this.#send({ bytes: Buffer.from(text), questions: [{ ...question, isBare: true }], isPartial: false });
    this.#onTheWay += 1;
    this.#world.timeline.after(60, () => (this.#onTheWay -= 1));
  }

  #send(upward: Upward, notAfterMs?: number): void {
    if (upward.questions.length > 0) this.#world.sent += 1;
    this.#link?.send(upward, notAfterMs);
  }

  /** Asks the queue as the HTTP gateway does, and again if the answer never came. */
  #doDirectly(action: BuyerAction): void {
    if (action.do === "buy") {
      this.#intents.push({ key: action.key ?? "sem-chave", quantity: action.quantity, isAnswered: false });
      this.#request(this.#intents.at(-1)!);
    } else if (action.do === "again" && this.#intents[0] !== undefined) this.#request(this.#intents[0]);
  }

  #request(intent: Intent): void {
    const { server, timeline } = this.#world;
    if (this.#world.isOver) return;
    timeline.after(200, () => {
      if (!intent.isAnswered) this.#request(intent);
    });
    if (server?.phase !== "serving" || server.front === null) return;
    const { sale, buyer } = this.plan;
    this.#world.sent += 1;
    const codes = Array.from(
      { length: intent.quantity },
      (_, i) => `P${server.number}.${this.plan.name}.${(this.#queries += 1)}.${i}` as TicketCode,
    );
    const command = {
      type: "buy",
      items: [{ sale, quantity: intent.quantity, codes }],
      buyer: buyer ?? this.plan.name,
      key: intent.key,
    } as unknown as Command;
    server.listen(new DirectAsker(), () => {
      const reply = (answer: Answer): void => {
        if (answer.kind === "rejected" && answer.rejection.reason === "busy") return;
        timeline.after(this.#random.span(0.1, 3), () => {
          if (this.#random.chance(0.9)) intent.isAnswered = true;
        });
      };
      server.clerk.submit({ command, reply });
    });
  }
}

/** Whoever asks the queue itself; the clerk judges the answers. */
export class DirectAsker implements Asker {
  asked(_taken: Taken): void {}
  means(_taken: Taken | null, _meaning: Meaning): void {}
}
