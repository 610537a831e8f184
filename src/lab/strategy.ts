/**
 * The ways of selling from one counter that the lab compares. `isProtected` is the claim that a run must not refute;
 * `ground` is where the buyers really are: threads of the operating system over shared memory, promises on one event
 * loop, or callers of the product's engine.
 */
export interface Strategy {
  readonly name: StrategyName;
  /** In Portuguese, as the table and the picture call it. */
  readonly title: string;
  readonly isProtected: boolean;
  readonly ground: "threads" | "promises" | "engine";
  /** What it does, in one Portuguese sentence. */
  readonly how: string;
}

export const STRATEGY_NAMES = ["none", "await", "check-lock", "mutex", "cas", "queue"] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** Those whose buyers are threads. */
export type ThreadStrategy = Exclude<StrategyName, "await" | "queue">;

const ALL: Readonly<Record<StrategyName, Omit<Strategy, "name">>> = {
  none: {
    title: "nada (threads)",
    isProtected: false,
    ground: "threads",
    how: "cada thread lê o contador, trabalha e grava o que leu menos um",
  },
  await: {
    title: "nada (await no meio)",
    isProtected: false,
    ground: "promises",
    how: "uma thread só, mas com um await entre olhar o contador e diminuí-lo",
  },
  "check-lock": {
    title: "trava só na verificação",
    isProtected: false,
    ground: "threads",
    how: "a trava protege o olhar e é solta antes de diminuir: o erro clássico",
  },
  mutex: {
    title: "trava (mutex)",
    isProtected: true,
    ground: "threads",
    how: "a trava cobre ler, trabalhar e gravar: um comprador de cada vez",
  },
  cas: {
    title: "compare-and-swap",
    isProtected: true,
    ground: "threads",
    how: "sem trava: grava só se o contador ainda é o que leu, senão recomeça",
  },
  queue: {
    title: "fila (o produto)",
    isProtected: true,
    ground: "engine",
    how: "os pedidos entram numa fila e o motor da bilheteria decide um após o outro",
  },
};

export const STRATEGIES: readonly Strategy[] = STRATEGY_NAMES.map((name) => ({ name, ...ALL[name] }));

export function isStrategyName(text: string): text is StrategyName {
  return (STRATEGY_NAMES as readonly string[]).includes(text);
}
