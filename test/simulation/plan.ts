/** What will be tried in one history: drawn from the seed up front, so that a step can be left out (shrink.ts). */
import { Random } from "./random.ts";

export type BuyerKind = "text" | "json" | "tcp" | "bare" | "program";

export interface BuyerPlan {
  readonly name: string;
  readonly kind: BuyerKind;
  readonly address: string;
  readonly sale: string;
  /** The id that it gives with its purchases, where its dialect has one. */
  readonly buyer: string | null;
  readonly arrivesAt: number;
}

export type BuyerAction =
  | { readonly do: "buy"; readonly quantity: number; readonly key: string | null }
  | { readonly do: "again"; readonly quantity: number | null }
  | { readonly do: "query" | "tickets" | "on" | "off" | "resume" | "cut" | "abandon" | "fin" | "quit" }
  | { readonly do: "junk"; readonly which: number }
  | { readonly do: "flood"; readonly count: number }
  | { readonly do: "stall" | "black_hole"; readonly ms: number };

export type OrganiserAction =
  | { readonly do: "restock"; readonly sale: string; readonly quantity: number }
  | { readonly do: "open" | "pause" | "close" | "audit"; readonly sale: string }
  | {
      readonly do: "create";
      readonly sale: string;
      readonly capacity: number;
      readonly opensInMs: number | null;
      readonly closesInMs: number | null;
    };

export type WorldAction =
  | { readonly do: "stop" | "eio" | "eio_append" | "worker_kill" }
  /** Now, or within the next write of a frame. */
  | { readonly do: "kill" | "power_loss"; readonly withinWrite: boolean }
  | { readonly do: "full" | "short" | "slow" | "hang"; readonly ms: number }
  | { readonly do: "wall"; readonly ms: number }
  /** The process is killed, and before the next one starts a bit has turned, or a file is gone. */
  | { readonly do: "rot" | "amputate" };

export interface Step {
  readonly at: number;
  /** A buyer's name, `organiser` or `world`. */
  readonly who: string;
  readonly action: BuyerAction | OrganiserAction | WorldAction;
}

export interface Plan {
  readonly seed: number;
  /** Whether the gateways are in a process of their own. */
  readonly workers: boolean;
  readonly lookCostMs: number;
  readonly segmentBytes: number;
  readonly rateLimit: number;
  readonly stock: number;
  readonly durationMs: number;
  readonly buyers: readonly BuyerPlan[];
  readonly steps: readonly Step[];
}

const KINDS: readonly BuyerKind[] = ["text", "json", "json", "tcp", "bare", "program", "text"];

type Draft = Step["action"];

/** How a history goes, beside what every history has. */
interface Mood {
  readonly actions: number;
  readonly faults: number;
  readonly durationMs: number;
  readonly isRush: boolean;
}

/** @param workers whether the gateways are in a process of their own, which may be killed as well. */
export function planOf(seed: number, workers = false): Plan {
  const random = new Random(seed, "plan");
  const mood = moodOf(random);
  const { durationMs } = mood;
  const rateLimit = random.chance(0.1) ? 10 : 0;
  const buyers = buyersOf(random, durationMs, mood);
  const steps: Step[] = [];
  const at = (): number => Math.floor(random.span(5, durationMs));
  for (const buyer of buyers)
    for (let i = 0; i < mood.actions; i++)
      steps.push({ at: atOf(buyer, random, mood), who: buyer.name, action: buyerAction(random, buyer, i) });
  for (let i = random.between(2, 7); i > 0; i--)
    steps.push({ at: at(), who: "organiser", action: organiserAction(random) });
  if (mood.isRush)
    for (let i = 0; i < 16; i++)
      steps.push({ at: at(), who: "organiser", action: { do: "restock", sale: "default", quantity: 20 } });
  if (random.chance(0.6)) steps.push({ at: 5, who: "organiser", action: creation(random, "tarde") });
  for (let i = 0; i < mood.faults; i++) steps.push({ at: at(), who: "world", action: worldAction(random) });
  if (workers) {
    const random = new Random(seed, "workers");
    for (let i = random.between(0, 3); i > 0; i--)
      steps.push({
        at: Math.floor(random.span(20, durationMs)),
        who: "world",
        action: { do: "worker_kill" },
      });
  }
  steps.sort((a, b) => a.at - b.at);
  return {
    seed,
    workers,
    lookCostMs: random.pick([0, 0, 0.001, 0.2]),
    segmentBytes: random.pick([18_432, 18_432, 36_864]),
    rateLimit,
    stock: random.between(3, 40),
    durationMs,
    buyers,
    steps,
  };
}

function moodOf(random: Random): Mood {
  if (random.chance(0.12))
    return { actions: 30, faults: random.between(0, 2), durationMs: 1_500, isRush: true };
  return {
    actions: random.between(5, 14),
    faults: random.between(1, 6),
    durationMs: random.pick([600, 1_200, 2_500]),
    isRush: false,
  };
}

function buyersOf(random: Random, durationMs: number, { isRush }: Mood): BuyerPlan[] {
  const count = isRush ? random.between(8, 14) : random.between(4, 8);
  return Array.from({ length: count }, (_, i) => {
    const kind = isRush ? random.pick(["text", "json", "tcp"] as const) : random.pick(KINDS);
    const named = kind === "program" || (kind === "json" && random.chance(0.7));
    return {
      name: `b${i}`,
      kind,
      address: `10.0.0.${random.between(1, 4)}`,
      sale: kind !== "tcp" && kind !== "bare" && random.chance(0.15) ? "tarde" : "default",
      buyer: named ? `ana${random.between(1, 3)}` : null,
      arrivesAt: random.chance(0.7) ? random.below(20) : random.below(durationMs / 2),
    };
  });
}

function atOf(buyer: BuyerPlan, random: Random, { durationMs }: Mood): number {
  // Half of what happens, happens at a few instants: crowds press the button together.
  if (random.chance(0.5)) return (durationMs / 8) * random.between(1, 7);
  return Math.floor(random.span(buyer.arrivesAt, durationMs));
}

function buyerAction(random: Random, { name, kind }: BuyerPlan, i: number): BuyerAction {
  const roll = random.next();
  if (roll < 0.45) {
    const keyed = kind === "json" || kind === "program" || (kind !== "bare" && random.chance(0.6));
    // Few keys for many: some buyers share an address or an id, and then a key.
    const key = random.chance(0.15) ? `comum-${random.below(3)}` : `${name}-${i}`;
    const quantity = kind === "bare" ? 1 : random.chance(0.2) ? random.between(4, 10) : random.between(1, 3);
    return { do: "buy", quantity, key: keyed ? key : null };
  }
  if (roll < 0.6) return { do: "query" };
  if (roll < 0.66) return { do: "again", quantity: random.chance(0.3) ? random.between(1, 10) : null };
  if (roll < 0.7) return { do: "tickets" };
  if (roll < 0.76) return { do: random.pick(["on", "off", "on"] as const) };
  if (roll < 0.79) return { do: "resume" };
  if (roll < 0.84) return { do: "junk", which: random.below(8) };
  if (roll < 0.86) return { do: "flood", count: random.between(8, 40) };
  if (roll < 0.91) return { do: "stall", ms: random.pick([30, 200, 900, 4_000]) };
  if (roll < 0.96) return { do: "cut" };
  if (roll < 0.98) return { do: "black_hole", ms: random.between(50, 600) };
  if (roll < 0.99) return { do: "abandon" };
  return { do: random.pick(["fin", "quit"] as const) };
}

function organiserAction(random: Random): OrganiserAction {
  const sale = random.chance(0.75) ? "default" : "tarde";
  const roll = random.next();
  if (roll < 0.4) return { do: "restock", sale, quantity: random.between(1, 12) };
  if (roll < 0.58) return { do: "pause", sale };
  if (roll < 0.8) return { do: "open", sale };
  if (roll < 0.85) return { do: "close", sale };
  if (roll < 0.95) return { do: "audit", sale };
  return creation(random, random.pick(["tarde", "noite"]));
}

function creation(random: Random, sale: string): OrganiserAction {
  const opensInMs = random.chance(0.6) ? random.between(50, 700) : null;
  const closesInMs = random.chance(0.5) ? (opensInMs ?? 0) + random.between(50, 900) : null;
  return { do: "create", sale, capacity: random.between(1, 20), opensInMs, closesInMs };
}

function worldAction(random: Random): WorldAction {
  const roll = random.next();
  if (roll < 0.3) return { do: "power_loss", withinWrite: random.chance(0.6) };
  if (roll < 0.45) return { do: "kill", withinWrite: random.chance(0.5) };
  if (roll < 0.52) return { do: "stop" };
  if (roll < 0.58) return { do: "eio_append" };
  if (roll < 0.62) return { do: "eio" };
  if (roll < 0.7) return { do: "full", ms: random.between(50, 500) };
  if (roll < 0.76) return { do: "short", ms: random.between(50, 500) };
  if (roll < 0.82) return { do: "slow", ms: random.between(50, 300) };
  if (roll < 0.86) return { do: "hang", ms: random.chance(0.7) ? random.between(20, 400) : Infinity };
  if (roll < 0.9) return { do: "wall", ms: random.pick([-5_000, -300, 300, 2_000]) };
  return { do: random.chance(0.55) ? "rot" : "amputate" };
}

export function describeStep({ at, who, action }: Step): string {
  const { do: what, ...rest } = action as Draft & Record<string, unknown>;
  return `${String(at).padStart(5)} ${who} ${what} ${Object.entries(rest)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ")}`.trimEnd();
}
