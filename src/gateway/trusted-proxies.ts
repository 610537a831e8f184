/**
 * Whose word about other people's addresses is believed. Behind a proxy every socket comes from the proxy, and the
 * client's address stands in `X-Forwarded-For`, to which each proxy appends whom it heard the request from. Only what
 * trusted proxies wrote can be believed, and it stands at the right end: whatever the client made up stands to its left.
 */
import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";
import { plainAddress } from "./address.ts";

export class TrustedProxies {
  readonly #proxies = new BlockList();
  readonly #isEmpty: boolean;

  /** @param proxies addresses, or networks like `10.0.0.0/8`. @throws the system's error for anything else. */
  constructor(proxies: readonly string[]) {
    this.#isEmpty = proxies.length === 0;
    for (const proxy of proxies) {
      const [network = "", bits] = proxy.split("/", 2);
      if (bits === undefined) this.#proxies.addAddress(network, familyOf(network));
      else this.#proxies.addSubnet(network, Number(bits), familyOf(network));
    }
  }

  trusts(address: string): boolean {
    return !this.#isEmpty && isIP(address) !== 0 && this.#proxies.check(address, familyOf(address));
  }

  /**
   * The rightmost address that isn't a trusted proxy's; the proxy's own where it names none that can be read.
   *
   * @param remote whom the socket is from.
   */
  clientOf(remote: string, headers: IncomingHttpHeaders): string {
    if (!this.trusts(remote)) return remote;
    let client = remote;
    for (const hop of String(headers["x-forwarded-for"] ?? "")
      .split(",")
      .toReversed()) {
      const address = readHop(hop);
      if (address === null) break;
      client = address;
      if (!this.trusts(address)) break;
    }
    return client;
  }
}

/** Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. Null if it is no address. */
function readHop(hop: string): string | null {
  const text = hop.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const address = plainAddress(bare);
  return isIP(address) === 0 ? null : address.toLowerCase();
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
