import type { Input } from "./judges.ts";

/** Tries that are made to make an input smaller. */
const TRIES = 250;

/** The smallest input found that still fails: first without its cuts, then with fewer and fewer bytes. */
export async function shrink(input: Input, fails: (input: Input) => Promise<boolean>): Promise<Input> {
  let best = input;
  const left = { tries: TRIES };
  const attempt = async (candidate: Input): Promise<boolean> => {
    left.tries -= 1;
    if (left.tries < 0 || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  if (best.cuts.length > 0) await attempt({ ...best, cuts: [] });
  for (
    let size = Math.ceil(best.bytes.length / 2);
    size >= 1 && left.tries > 0;
    size = Math.floor(size / 2)
  ) {
    for (let at = 0; at < best.bytes.length && left.tries > 0;) {
      const bytes = Buffer.concat([best.bytes.subarray(0, at), best.bytes.subarray(at + size)]);
      const cuts = best.cuts.filter((cut) => cut < bytes.length);
      if (!(await attempt({ ...best, bytes, cuts }))) at += size;
    }
  }
  return best;
}
