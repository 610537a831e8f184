/** The product's own `ws`, whichever version a peer's dependencies brought along. */
import { createRequire } from "node:module";

const require = createRequire(new URL("../../package.json", import.meta.url));

/** @type {typeof import("ws").WebSocketServer} */
export const WebSocketServer = require("ws").WebSocketServer;

/** @type {string} */
export const wsVersion = require("ws/package.json").version;
