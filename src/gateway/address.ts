/** An address as it is logged and counted: IPv4 without the IPv6 prefix, and no zone. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
  const zone = mapped.indexOf("%");
  return zone === -1 ? mapped : mapped.slice(0, zone);
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
