/** Where a server is reached that listens on a host, as people and programs write it. `undefined` is every address. */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/** As a program on this machine takes it. */
export function hostHere(host: string | undefined): string {
  return host === undefined || isEverywhere(host) ? "localhost" : host;
}

/** The same in a URL, and wherever a port follows. */
export function hostInUrl(host: string | undefined): string {
  const here = hostHere(host);
  return isIP(here) === 6 ? `[${here}]` : here;
}

/** The first IPv4 address that others can reach; null without a network, or where one address was chosen. */
export function lanHost(host: string | undefined): string | null {
  if (host !== undefined && !isEverywhere(host)) return null;
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === "IPv4" && !address.internal) return address.address;
    }
  }
  return null;
}

/** An IPv6 address has many spellings; a URL knows one. */
function isEverywhere(host: string): boolean {
  const url = `http://${isIP(host) === 6 ? `[${host}]` : host}`;
  return URL.canParse(url) && ["0.0.0.0", "[::]"].includes(new URL(url).hostname);
}
