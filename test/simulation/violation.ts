/** Which promise of DESIGN.md ("What must always hold") was broken; 0 for the wire's own rules (PROTOCOL.md). */
export type Guarantee = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** A promise that didn't hold. `check` names the check, so that a shrunk trace can be held to the same one. */
export class Violation extends Error {
  readonly guarantee: Guarantee;
  readonly check: string;

  constructor(guarantee: Guarantee, check: string, message: string) {
    super(message);
    this.name = "Violation";
    this.guarantee = guarantee;
    this.check = check;
  }
}

/** @throws {Violation} */
export function broken(guarantee: Guarantee, check: string, message: string): never {
  throw new Violation(guarantee, check, message);
}
