import { createRequire } from "node:module";

/** @type {string} */
export const socketioVersion = createRequire(import.meta.url)("socket.io/package.json").version;
