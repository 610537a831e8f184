/** Loaded before the server (`node --import`): pings every second, so that a pause of some seconds misses several. */
import { LIMITS } from "../../src/limits.ts";

Object.assign(LIMITS.websocket, { pingMs: 1_000 });
