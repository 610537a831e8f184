/** Figures as Portuguese writes them. */

export function number(value: number): string {
  return value.toLocaleString("pt-BR");
}

/** A latency: up to two digits after the comma below 10 ms, whole milliseconds above. */
export function milliseconds(ms: number): string {
  return `${ms.toLocaleString("pt-BR", { maximumFractionDigits: ms < 10 ? 2 : 0 })} ms`;
}

/** Minutes and seconds. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
