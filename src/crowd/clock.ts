/** Milliseconds by the machine's monotonic clock, which all processes of the crowd share. */
export function now(): number {
  return performance.now() + OFFSET;
}

const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();
