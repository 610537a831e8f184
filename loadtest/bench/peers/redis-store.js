/** One Lua script sells a ticket and keeps its code; the commands of one turn leave together. */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";

const STOCK = 100_000_000;
const SELL = `
  local left = tonumber(redis.call("GET", KEYS[1]))
  if left <= 0 then return -1 end
  redis.call("RPUSH", KEYS[2], ARGV[1])
  return redis.call("DECR", KEYS[1])
`;

/** @param {string} path of the socket @returns {Promise<import("./database-front.js").Store>} */
export async function open(path) {
  const redis = new Redis({ path, enableAutoPipelining: true });
  await redis.set("available", STOCK);
  const script = String(await redis.script("LOAD", SELL));
  return {
    async buy() {
      const code = randomBytes(8).toString("base64url");
      const left = Number(await redis.evalsha(script, 2, "available", "tickets", code));
      return left < 0 ? null : left;
    },
    audit: async () => ({
      sold: STOCK - Number(await redis.get("available")),
      tickets: await redis.llen("tickets"),
    }),
  };
}
