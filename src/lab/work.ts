/**
 * What a buyer does between reading the counter and writing it. A shop asks a database or computes there; a race needs
 * that time to happen, so it is never hidden: every report says it.
 */

/** `wait`: milliseconds without the processor, as a call to a database. `spin`: microseconds of computing. */
export type Work =
  | { readonly kind: "none" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "spin"; readonly us: number };

const WORK = /^(?:none|(wait|spin):(\d{1,5}(?:\.\d{1,3})?))$/;

/** @param text `none`, `wait:<ms>` or `spin:<µs>`. @returns undefined if it is none of these, or 0 of something. */
export function readWork(text: string): Work | undefined {
  const match = WORK.exec(text);
  if (match === null) return undefined;
  const amount = Number(match[2]);
  if (match[1] === undefined) return { kind: "none" };
  if (amount === 0) return undefined;
  return match[1] === "wait" ? { kind: "wait", ms: amount } : { kind: "spin", us: amount };
}

/** @returns milliseconds that it takes on average. */
export function workMs(work: Work): number {
  return work.kind === "wait" ? work.ms : work.kind === "spin" ? work.us / 1000 : 0;
}

/** In Portuguese. */
export function describeWork(work: Work): string {
  switch (work.kind) {
    case "none":
      return "nada";
    case "wait":
      return `espera de ${number(work.ms)} ms em média, como a de uma consulta ao banco de dados`;
    case "spin":
      return `${number(work.us)} µs de cálculo em média`;
  }
}

function number(value: number): string {
  return value.toLocaleString("pt-BR");
}

/** Works on this thread and lets nobody else have it; a wait sleeps. @param factor of this buyer, around 1. */
export function workHere(work: Work, factor: number): void {
  if (work.kind === "wait") Atomics.wait(NOBODY, 0, 0, work.ms * factor);
  else if (work.kind === "spin") spin(work.us * factor);
}

/** Works on an event loop that others share: a wait leaves it to them. There is always an `await` in it. */
export async function workBetween(work: Work, factor: number): Promise<void> {
  if (work.kind === "wait") await new Promise((resolve) => setTimeout(resolve, work.ms * factor));
  else if (work.kind === "spin") spin(work.us * factor);
}

/** A cell that nobody changes and nobody wakes: a wait on it is a sleep. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

function spin(us: number): void {
  const end = performance.now() + us / 1000;
  while (performance.now() < end);
}
