/** Time as the page's logic sees it, so that tests can turn it. */
export interface Timers {
  /** Milliseconds from an arbitrary start, never backwards, whatever the browser's clock does. */
  readonly monotonic: () => number;
  /** Runs `task` once. @returns how to call it off. */
  readonly after: (ms: number, task: () => void) => () => void;
}
