/**
 * Whether a page from this origin may open a WebSocket. Browsers always send an Origin, so a page elsewhere can't buy
 * in its visitor's name; wscat, k6 and other programs send none and are allowed.
 *
 * @param allowed further origins, as `https://host[:port]`.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  const parsed = URL.canParse(origin) ? new URL(origin) : null;
  if (parsed === null) return false;
  if (parsed.host !== "" && parsed.host === host?.toLowerCase()) return true;
  return allowed.some((other) => new URL(other).origin === parsed.origin);
}
