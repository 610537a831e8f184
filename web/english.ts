import { plural, type Words } from "./vocabulary.ts";

export const english: Words = {
  fixed: {
    skip: "Skip to buying",
    live: "Live sale",
    notice: "Notice",
    howMany: "How many tickets?",
    fewer: "One ticket fewer",
    more: "One ticket more",
    perPurchase: "tickets in this purchase",
    goAhead: "Resume purchase",
    giveUp: "Give it up",
    comeBack: "Come back",
    yourTickets: "Your tickets",
    kept: "Kept in this browser.",
    notKept: "This browser keeps no data: write the codes down before you close the page.",
    dismiss: "Dismiss notice",
    unsafe: "No queue: this server sells wrongly on purpose, to be attacked in class. Nothing here counts.",
  },
  otherLanguage: "Português",
  states: {
    unknown: "Connecting",
    scheduled: "Opening soon",
    open: "On sale",
    all_held: "All on hold",
    sold_out: "Sold out",
    paused: "Paused",
    closed: "Closed",
  },
  stamps: { sold_out: "Sold out", closed: "Closed", paused: "Paused" },
  links: {
    connecting: "Connecting…",
    live: "Live",
    lost: (seconds) => (seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…"),
    full: (seconds) => `Server full. Trying again in ${seconds} s`,
    offline: "No internet",
    away: "Disconnected",
    spoken: { good: "Connected", busy: "No connection. Reconnecting.", bad: "No connection." },
  },
  left: (count) => plural(count, "ticket left", "tickets left"),
  summary: (count, n) => `${count} ${plural(n, "ticket left", "tickets left")}`,
  tally: (sold, capacity) => `${sold} of ${capacity} sold`,
  tallyHeld: (sold, held, capacity) => `${sold} of ${capacity} sold, ${held} on hold`,
  watching: (count, n) => `${count} ${plural(n, "person watching", "people watching")}`,
  untilOpening: "until it opens",
  days: (n) => `${n} ${plural(n, "day", "days")} and`,
  opensAt: (time) => `Opens at ${time}`,
  opensOn: (day, time) => `Opens on ${day} at ${time}`,
  opening: "Opening…",
  toSell: (count, n) => `${count} ${plural(n, "ticket", "tickets")} for sale`,
  hints: {
    unknown: "Reaching the box office…",
    scheduled: "The button lights up when the sale opens.",
    open: "Whoever presses first is served first.",
    all_held: "Every ticket is on hold. If somebody lets go, they come back here.",
    sold_out: "None left. If more are added, you will hear it here.",
    paused: "The organisers paused the sale. Stay around.",
    closed: "The sale is over.",
  },
  stale: "Without a connection this number may be out of date.",
  buy: (n) => `Buy ${n} ${plural(n, "ticket", "tickets")}`,
  buyMore: (n) => `Buy ${n} more`,
  buying: "Buying…",
  secured: (n) => plural(n, "Ticket secured", "Tickets secured"),
  slow: "The answer takes longer than usual. Your order is kept and counts only once.",
  slowStay: "The answer takes longer than usual. Don't close or reload this page: only it knows your order.",
  again: (seconds, tryNumber, tries) =>
    `A long line. Trying again ${seconds > 0 ? `in ${seconds} s` : "now"} (${tryNumber} of ${tries}).`,
  againSpoken: "A long line. Trying again.",
  resend: "As soon as the connection is back we confirm your order. It counts only once.",
  resendStay:
    "As soon as the connection is back we confirm your order. Don't close or reload this page: only it knows your order.",
  bought: (n) => `Purchase complete: ${n} ${plural(n, "ticket", "tickets")}.`,
  seeTickets: "See codes",
  kicked: "The box office ended this connection. To go on, come back when you like.",
  asking: (n, time) =>
    `An order of ${n} ${plural(n, "ticket", "tickets")} from ${time} got no answer. If it had been accepted, resuming only shows the codes; if not, it buys now.`,
  refusal: ({ reason, remaining = 0, max = 0, retryAfterMs = 0 }, number) => {
    switch (reason) {
      case "sold_out":
        return "The tickets were gone before your order arrived.";
      case "insufficient_stock":
        return `Only ${number(remaining)} left. We adjusted the quantity.`;
      case "bad_quantity":
        return `Ask for 1 to ${number(max)} tickets at a time.`;
      case "not_open":
        return retryAfterMs > 0
          ? "The sale isn't open yet. Wait for the countdown."
          : "The sale isn't open yet.";
      case "paused":
        return "The sale is paused. Nothing was bought.";
      case "closed":
        return "The sale is over. Nothing was bought.";
      case "busy":
        return "The box office is too busy right now. Nothing was bought; try again.";
      case "rate_limited":
        return `Too many orders in a short time. Wait ${number(Math.max(1, Math.ceil(retryAfterMs / 1000)))} s.`;
      case "idempotency_mismatch":
      case "bad_key":
        return "This order isn't valid any more. Nothing was bought; try again.";
      default:
        return `The purchase was refused (${reason}).`;
    }
  },
  notices: {
    sold_out: () => "The tickets just sold out!",
    opened: () => "The sale is open!",
    paused: () => "The sale is paused.",
    closed: () => "The sale is closed.",
    restocked: (quantity) => `Restocked: ${quantity} more!`,
  },
  order: (n) => `Order no. ${n}`,
  ticketCount: (n) => `${n} ${plural(n, "ticket", "tickets")}`,
  outdated: "From an earlier sale",
  copy: (n) => plural(n, "Copy code", "Copy codes"),
  copied: "Copied",
  notCopied: "Select and copy",
  darkTheme: "Dark theme",
  lightTheme: "Light theme",
  serverTime: "Box office time",
};
