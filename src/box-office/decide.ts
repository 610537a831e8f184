/** What a command causes: the way to every decision, and those of the organiser. */
import { auditSale, type BoxOffice } from "./box-office.ts";
import type { ChangePhase, Command, CreateSale, Restock } from "./command.ts";
import { decideBuy } from "./decide-buy.ts";
import { refuse, unchanged, type Decision, type Rules, type Stamp } from "./decision.ts";
import type { SaleEvent } from "./event.ts";
import { saleState, viewSale, type Sale, type SaleId, type SaleView } from "./sale.ts";

/** Says what a command would cause on this state, and changes nothing. Total: it never throws on a well-typed command. */
export function decide(state: BoxOffice, command: Command, stamp: Stamp, rules: Rules): Decision {
  switch (command.type) {
    case "buy":
      return decideBuy(state, command, stamp, rules);
    case "query":
      return withSale(state, command.sale, (sale) =>
        unchanged({ kind: "stock", view: viewSale(sale, stamp.epoch) }),
      );
    case "audit":
      return withSale(state, command.sale, (sale) =>
        unchanged({ kind: "audit", audit: auditSale(sale, state.offset) }),
      );
    case "create":
      return decideCreate(state, command, stamp, rules);
    case "restock":
      return withSale(state, command.sale, (sale) => decideRestock(state, sale, command, stamp, rules));
    case "open":
    case "pause":
    case "close":
      return withSale(state, command.sale, (sale) => decidePhase(state, sale, command, stamp));
  }
}

function decideCreate(state: BoxOffice, command: CreateSale, stamp: Stamp, rules: Rules): Decision {
  if (state.sales.has(command.sale)) return refuse({ reason: "sale_exists" });
  if (state.sales.size >= rules.maxSales) return refuse({ reason: "too_many_sales" });
  if (!isCount(command.capacity, rules.maxCapacity))
    return refuse({ reason: "bad_quantity", max: rules.maxCapacity });
  const { opensAt, closesAt } = command;
  if (closesAt !== null && closesAt <= Math.max(opensAt ?? stamp.at, stamp.at))
    return refuse({ reason: "bad_times" });
  const phase = opensAt !== null && opensAt > stamp.at ? "scheduled" : "open";
  const event: SaleEvent = {
    type: "sale_created",
    v: 1,
    at: stamp.at,
    sale: command.sale,
    title: command.title,
    capacity: command.capacity,
    phase,
    opensAt,
    closesAt,
  };
  return {
    events: [event],
    answer: {
      kind: "stock",
      view: {
        sale: command.sale,
        title: command.title,
        state: phase,
        capacity: command.capacity,
        available: command.capacity,
        held: 0,
        sold: 0,
        position: { epoch: stamp.epoch, offset: state.offset },
        at: stamp.at,
        opensAt,
        closesAt,
      },
    },
  };
}

function decideRestock(state: BoxOffice, sale: Sale, command: Restock, stamp: Stamp, rules: Rules): Decision {
  if (sale.phase === "closed") return refuse({ reason: "closed" });
  const max = rules.maxCapacity - sale.capacity;
  if (!isCount(command.quantity, max)) return refuse({ reason: "bad_quantity", max });
  const event: SaleEvent = {
    type: "restocked",
    v: 1,
    at: stamp.at,
    sale: sale.id,
    quantity: command.quantity,
  };
  return changed(event, {
    ...viewAfter(state, sale, stamp),
    state: sale.phase,
    capacity: sale.capacity + command.quantity,
    available: sale.available + command.quantity,
  });
}

/** `closed` is final; everything else may be opened and paused at will, and asking for what already is changes nothing. */
function decidePhase(state: BoxOffice, sale: Sale, command: ChangePhase, stamp: Stamp): Decision {
  const target = command.type === "open" ? "open" : command.type === "pause" ? "paused" : "closed";
  if (sale.phase === target) return unchanged({ kind: "stock", view: viewSale(sale, stamp.epoch) });
  if (sale.phase === "closed") return refuse({ reason: "closed" });
  const type = target === "open" ? "opened" : target;
  const event: SaleEvent = { type, v: 1, at: stamp.at, sale: sale.id };
  const view = viewAfter(state, sale, stamp);
  return changed(event, { ...view, state: saleState({ ...sale, phase: target }) });
}

function viewAfter(state: BoxOffice, sale: Sale, stamp: Stamp): SaleView {
  return {
    ...viewSale(sale, stamp.epoch),
    at: stamp.at,
    position: { epoch: stamp.epoch, offset: state.offset },
  };
}

function withSale(state: BoxOffice, id: SaleId, then: (sale: Sale) => Decision): Decision {
  const sale = state.sales.get(id);
  return sale === undefined ? refuse({ reason: "unknown_sale" }) : then(sale);
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}

function changed(event: SaleEvent, view: SaleView): Decision {
  return { events: [event], answer: { kind: "stock", view } };
}
