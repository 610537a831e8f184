/**
 * The process of those who only watch. They are apart from the buyers because reading thousands of updates takes a client
 * longer than the purchases beside them: one process for both would time itself.
 */
import { openWebSocket } from "./connection.js";

const OPENING = 100;

const { port, watchers } = JSON.parse(process.argv[2] ?? "{}");
let pushes = 0;
/** @type {string | null} */
let fault = null;

process.on("message", () => process.send?.({ pushes, fault }));
process.on("disconnect", () => process.exit(0));
for (let left = watchers; left > 0; left -= OPENING) {
  await Promise.all(
    Array.from({ length: Math.min(OPENING, left) }, () =>
      openWebSocket(
        port,
        () => (pushes += 1),
        () => (fault ??= "one who only watches was closed"),
      ),
    ),
  );
}
process.send?.("ready");
