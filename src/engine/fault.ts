/** The journal could not make a batch durable, or the core broke one of its own invariants: nothing may be answered. */
export class EngineFault extends Error {
  readonly code: "JOURNAL_FAILED" | "JOURNAL_FENCED" | "JOURNAL_GONE" | "INVARIANT_BROKEN";

  constructor(code: EngineFault["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "EngineFault";
    this.code = code;
  }
}
