/** The words between the parts of the stub. */

export type Lie =
  | "none"
  | "oversells"
  | "keeps the last ticket"
  | "repeats a remaining number"
  | "answers a purchase with a negative number"
  | "goes negative"
  | "stock rises"
  | "pushes a higher number"
  | "pushes the same stock twice"
  | "pushes no number"
  | "never pushes the last number to one program"
  | "pushes sums that don't add up"
  | "pushes numbers of long ago"
  | "skips an AVISO"
  | "sends two AVISOs"
  | "sends one AVISO late"
  | "sends an AVISO of long ago"
  | "AVISO before zero"
  | "AVISO to newcomers"
  | "opens without an AVISO to one"
  | "sells before the opening"
  | "answers nonsense"
  | "answers twice"
  | "answers rubbish as if it were a question"
  | "answers slowly"
  | "refuses by rate"
  | "never answers one"
  | "drops one"
  | "forgets one connection"
  | "refuses one handshake"
  | "dies in the middle"
  | "a key buys twice"
  | "a key changes its receipt"
  | "a key takes another order"
  | "gives one place twice"
  | "keeps sockets"
  | "grows"
  | "audit does not balance"
  | "audit hides a sale"
  | "audit invents a sale"
  | "audit loses a code";

export interface Client {
  /** Whether it hears the stock unasked; a program does once it has subscribed. */
  hearsStock: boolean;
  readonly speaksJson: boolean;
  readonly isOpen: () => boolean;
  /** A line of the text dialect. */
  readonly say: (line: string) => void;
  readonly tellStock: (left: number) => void;
  readonly tellNotice: () => void;
  readonly terminate: () => void;
}

/** What the books say of the sale. */
export interface Sale {
  readonly sale: string;
  readonly state: string;
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** What the clients' side and the HTTP side need of the box office. */
export interface Office {
  readonly sale: Sale;
  readonly sockets: number;
  /** Whether this is what it lies about. */
  lies(lie: Lie): boolean;
  /** Whether this is the lie to tell, and the first time for it. */
  once(lie: Lie): boolean;
  /** Instead of the sale that it had. @param opensAt epoch milliseconds; null for now. */
  begin(sale: string, stock: number, opensAt: number | null): void;
  /** @param buyer isn't told what it is answered. @returns what remains, or null if nothing is left. */
  take(buyer: Client | null): number | null;
}
