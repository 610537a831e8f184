/** Which answers a command may get. */
import type { Line } from "./line.ts";

/** What its owner sends: the two commands of the specification, or rubbish, which must be refused. */
export type Asked = "CONSULTAR" | "COMPRAR" | "rubbish";

/** Whether a person who sends this, slowly enough, may be answered so. */
export function isFair(asked: Asked, line: Line): boolean {
  switch (asked) {
    case "CONSULTAR":
      return line.kind === "left" || (line.kind === "refused" && line.reason === "busy");
    case "COMPRAR":
      return (
        line.kind === "bought" ||
        (line.kind === "refused" && ["sold_out", "busy", "paused", "not_open"].includes(line.reason))
      );
    case "rubbish":
      return line.kind === "refused" && NO_COMMAND.has(line.reason);
  }
}

const NO_COMMAND: ReadonlySet<string> = new Set([
  "bad_message",
  "too_long",
  "binary",
  "bad_quantity",
  "bad_key",
]);
