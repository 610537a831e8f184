/** What was asked last, and the answer: a connection asks twice in a row, and keeps one text then instead of two. */
let lastAsked: string | undefined;
let lastAnswer = "unknown";

/** An address as it is logged and counted: IPv4 without the IPv6 prefix, and no zone. */
export function plainAddress(address: string | undefined): string {
  if (address !== lastAsked) {
    lastAsked = address;
    lastAnswer = address === undefined ? "unknown" : withoutPrefixAndZone(address);
  }
  return lastAnswer;
}

function withoutPrefixAndZone(address: string): string {
  const mapped = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
  const zone = mapped.indexOf("%");
  return zone === -1 ? mapped : mapped.slice(0, zone);
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
