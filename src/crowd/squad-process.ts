/**
 * One process of the crowd: plays its people, tells what it counts a few times a second, and obeys the one that started
 * it. It judges the AVISO, since only it knows its connections; the time of the last sale comes from outside.
 */
import { Connection } from "./connection.ts";
import type { Order, Report, Squad, Stage } from "./orders.ts";
import { Person, type Street } from "./person.ts";
import { planPerson } from "./plan.ts";
import { Tally } from "./tally.ts";
import { Turnstile } from "./turnstile.ts";

/** How long the goodbyes may take. */
const GOODBYE_MS = 2_000;

class SquadRun {
  readonly #squad: Squad;
  readonly #tally: Tally;
  readonly #people: Person[];
  #openDoors: () => void = () => {};
  #stage: Stage = "arriving";
  readonly #timer: NodeJS.Timeout;

  constructor(squad: Squad) {
    const { plan, places, first, count, limits } = squad;
    this.#squad = squad;
    this.#tally = new Tally(limits.complaints);
    const street: Street = {
      plan,
      places,
      tally: this.#tally,
      turnstile: new Turnstile(limits.openings),
      doors: new Promise((resolve) => (this.#openDoors = resolve)),
      replyMs: limits.replyMs,
    };
    this.#people = Array.from({ length: count }, (_, i) => new Person(planPerson(plan, first + i), street));
    this.#timer = setInterval(() => this.#report(), limits.newsMs);
    void this.#live();
  }

  open(): void {
    this.#reach("visiting");
    this.#openDoors();
  }

  /** People who come when everything is gone: nothing is left for them, and the AVISO was for those before. */
  async receiveNewcomers(): Promise<void> {
    await Promise.all(this.#squad.plan.transports.map((transport) => this.#receiveNewcomer(transport)));
    this.#reach("checked");
  }

  end(soldOutAt: number | null, noticeWithinMs: number): void {
    this.#countOwed();
    clearInterval(this.#timer);
    if (soldOutAt !== null) {
      for (const { connection } of this.#people) {
        if (connection?.isAlive === true && connection.isOwed)
          this.#judge(connection, soldOutAt, noticeWithinMs);
      }
    }
    for (const { connection } of this.#people) connection?.leave();
    this.#stage = "ended";
    const report: Report = { stage: this.#stage, news: this.#tally.news() };
    process.send?.(report, () => process.disconnect());
    setTimeout(() => process.exit(0), GOODBYE_MS).unref();
  }

  async #live(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.arrive()));
    this.#reach("arrived");
    await Promise.all(this.#people.map((person) => this.#visit(person)));
    this.#reach("visited");
  }

  async #visit(person: Person): Promise<void> {
    if (person.connection?.isAlive === true) await person.visit();
  }

  async #receiveNewcomer(transport: "ws" | "tcp"): Promise<void> {
    const { places, limits } = this.#squad;
    const place = places[transport];
    if (place === null) return;
    const tally = this.#tally;
    const connection = new Connection({ transport, place, tally, replyMs: limits.replyMs, newcomer: true });
    if (!(await connection.opened)) return;
    tally.counts.newcomers += 1;
    const query = await connection.ask("CONSULTAR", () => connection.wire.send("CONSULTAR"));
    if (query?.kind === "left" && query.left > 0) {
      tally.complain("stock_rise", `${query.left} para quem chegou depois do fim`);
    }
    await connection.ask("COMPRAR", () => connection.wire.send("COMPRAR"));
    await new Promise((resolve) => setTimeout(resolve, limits.settleMs));
    connection.leave();
  }

  #judge(connection: Connection, soldOutAt: number, noticeWithinMs: number): void {
    if (connection.notices === 0) {
      this.#tally.complain("notice_missing", "aberta desde antes da última venda");
      return;
    }
    const delayMs = connection.noticedAt - Math.max(soldOutAt, connection.resumedBeforeNotice);
    this.#tally.notice.add(Math.max(0, delayMs));
    if (delayMs > noticeWithinMs) this.#tally.complain("notice_late", `${Math.round(delayMs)} ms`);
  }

  #reach(stage: Stage): void {
    if (this.#stage === "ended") return;
    this.#stage = stage;
    this.#report();
  }

  #report(): void {
    this.#countOwed();
    const report: Report = { stage: this.#stage, news: this.#tally.news() };
    process.send?.(report);
  }

  #countOwed(): void {
    const { counts } = this.#tally;
    counts.owed = 0;
    counts.heardOnce = 0;
    for (const { connection } of this.#people) {
      if (connection?.isAlive !== true || !connection.isOwed) continue;
      counts.owed += 1;
      if (connection.notices === 1) counts.heardOnce += 1;
    }
  }
}

let run: SquadRun | undefined;

process.on("message", (order: Order) => {
  switch (order.type) {
    case "begin":
      run = new SquadRun(order.squad);
      return;
    case "open":
      run?.open();
      return;
    case "newcomers":
      void run?.receiveNewcomers();
      return;
    case "end":
      run?.end(order.soldOutAt, order.noticeWithinMs);
  }
});

// The terminal sends Ctrl+C to everybody; it is the parent that decides what follows.
process.on("SIGINT", () => {});
process.on("disconnect", () => {
  setTimeout(() => process.exit(0), GOODBYE_MS).unref();
});
