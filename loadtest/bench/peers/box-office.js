/**
 * What every peer sells, in memory: it answers `COMPRAR` and `CONSULTAR` in our words, so that each sends the same
 * bytes as ours. Nothing is durable and no ticket has a code, which only makes the peers faster.
 */
import { createInterface } from "node:readline";

/**
 * @typedef {object} Outlet
 * @property {(text: string) => void} tell says it to every connection
 * @property {(done: (costMs: number) => void) => void} goRound tells everyone `newest()`, as cheaply as this server can
 */

export class BoxOffice {
  available;
  #outlet;
  #changed;

  /**
   * @param {{ stock: number, conflate: boolean }} options
   * @param {Outlet} outlet
   * @param {typeof import("./rhythm.js").Rhythm} Rhythm
   */
  constructor({ stock, conflate }, outlet, Rhythm) {
    this.available = stock;
    this.#outlet = outlet;
    if (conflate) {
      const rhythm = new Rhythm((done) => outlet.goRound(done));
      this.#changed = () => rhythm.changed();
    } else this.#changed = () => outlet.tell(this.newest());
    createInterface({ input: process.stdin }).on("line", (line) =>
      this.#restock(line.split(" ").map(Number)),
    );
  }

  newest() {
    return `ESTOQUE: ${this.available}`;
  }

  /** @param {string} command @param {(text: string) => void} reply */
  take(command, reply) {
    if (command === "COMPRAR") this.#sell(1, reply);
    else if (command.startsWith("COMPRAR ")) this.#sell(Number(command.slice(8)), reply);
    else if (command === "CONSULTAR") reply(`Estoque atual: ${this.available}`);
    else reply("ERRO: Comando desconhecido. Envie AJUDA");
  }

  /** @param {number} quantity @param {(text: string) => void} reply */
  #sell(quantity, reply) {
    if (this.available < quantity) {
      reply("ERRO: Produto esgotado");
      return;
    }
    this.available -= quantity;
    reply(`Compra realizada. Estoque restante: ${this.available}`);
    this.#changed();
    if (this.available === 0) this.#outlet.tell("AVISO: O estoque acabou de esgotar!");
  }

  /** All of it in one turn of the event loop: the newest stock, then a notice for each. @param {readonly number[]} quantities */
  #restock(quantities) {
    for (const quantity of quantities) this.available += quantity;
    this.#changed();
    for (const quantity of quantities) this.#outlet.tell(`AVISO: Estoque reposto: ${quantity}`);
  }
}

/** The words after the script's name: `<stock> [conflate]`. @param {readonly string[]} words */
export function readOptions([stock, conflate]) {
  return { stock: Number(stock), conflate: conflate === "conflate" };
}

/** What whoever started it waits for. @param {number} port */
export function sayPort(port) {
  process.stdout.write(`${port}\n`);
}

/** Longer than any burst of connections. */
export const BACKLOG = 8192;
