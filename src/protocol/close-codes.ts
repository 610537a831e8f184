/** Why a WebSocket was closed. A client decides by the code alone whether to come back. */
export const CloseCode = {
  goodbye: 1000,
  goingAway: 1001,
  protocolError: 1002,
  badUtf8: 1007,
  ruleBroken: 1008,
  tooBig: 1009,
  sessionFault: 1011,
  serverFull: 1013,
  slowReader: 4001,
  silent: 4002,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

const STAY_AWAY: ReadonlySet<number> = new Set([
  CloseCode.goodbye,
  CloseCode.protocolError,
  CloseCode.badUtf8,
  CloseCode.ruleBroken,
  CloseCode.tooBig,
]);

/** Whether a client should reconnect after this code; a connection that just broke (1006) should. */
export function shouldReconnect(code: number): boolean {
  return !STAY_AWAY.has(code);
}
