/** Every word that the page needs. A language that lacks one doesn't compile. */
import type { NoticeKind, RejectedMessage } from "../src/protocol/messages.ts";

export interface Words {
  /** By the `data-words` of the elements in index.html. */
  readonly fixed: Readonly<Record<FixedWord, string>>;
  readonly otherLanguage: string;
  readonly states: Readonly<Record<Mood, string>>;
  readonly stamps: Readonly<Partial<Record<Mood, string>>>;
  readonly links: {
    readonly connecting: string;
    readonly live: string;
    readonly lost: (seconds: number) => string;
    readonly full: (seconds: number) => string;
    readonly offline: string;
    readonly away: string;
    /** Said once when it changes, without the seconds that the eye follows. */
    readonly spoken: { readonly good: string; readonly busy: string; readonly bad: string };
  };
  readonly left: (count: number) => string;
  readonly summary: (count: string, n: number) => string;
  readonly tally: (sold: string, capacity: string) => string;
  readonly tallyHeld: (sold: string, held: string, capacity: string) => string;
  readonly watching: (count: string, n: number) => string;
  readonly untilOpening: string;
  readonly days: (n: number) => string;
  readonly opensAt: (time: string) => string;
  readonly opensOn: (day: string, time: string) => string;
  readonly opening: string;
  readonly toSell: (count: string, n: number) => string;
  readonly hints: Readonly<Record<Mood, string>>;
  readonly stale: string;
  readonly buy: (n: number) => string;
  readonly buyMore: (n: number) => string;
  readonly buying: string;
  /** On the button, right after a purchase. */
  readonly secured: (n: number) => string;
  readonly slow: string;
  /** Where the browser keeps nothing, the order is in this page alone; likewise `resendStay`. */
  readonly slowStay: string;
  readonly again: (seconds: number, tryNumber: number, tries: number) => string;
  readonly againSpoken: string;
  readonly resend: string;
  readonly resendStay: string;
  readonly bought: (n: number) => string;
  readonly seeTickets: string;
  readonly kicked: string;
  readonly asking: (n: number, time: string) => string;
  readonly refusal: (refusal: RejectedMessage, number: (n: number) => string) => string;
  readonly notices: Readonly<Record<NoticeKind, (quantity: string) => string>>;
  readonly order: (n: string) => string;
  readonly ticketCount: (n: number) => string;
  readonly outdated: string;
  readonly copy: (n: number) => string;
  readonly copied: string;
  readonly notCopied: string;
  readonly darkTheme: string;
  readonly lightTheme: string;
  readonly serverTime: string;
}

/** What the whole page looks like: the sale's state, or that it isn't known yet. */
export type Mood = "unknown" | "scheduled" | "open" | "all_held" | "sold_out" | "paused" | "closed";

export type FixedWord =
  | "skip"
  | "live"
  | "notice"
  | "howMany"
  | "fewer"
  | "more"
  | "perPurchase"
  | "goAhead"
  | "giveUp"
  | "comeBack"
  | "yourTickets"
  | "kept"
  | "notKept"
  | "dismiss"
  | "unsafe";

export function plural(n: number, one: string, many: string): string {
  return n === 1 ? one : many;
}
