/** Workers die faster than they may be replaced: whatever kills them would kill the next one too. */
export class CrewFault extends Error {
  readonly code = "WORKERS_FAILED";

  /** @param why how the last one ended. */
  constructor(deaths: number, withinMs: number, why: string) {
    super(`${deaths} workers ended within ${withinMs / 1000} s, the last one by ${why}`);
    this.name = "CrewFault";
  }
}
