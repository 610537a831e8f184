/** One prepared statement sells a ticket and keeps its code; `synchronous_commit` is on, as it comes. */
import { randomBytes } from "node:crypto";
import pg from "pg";

const STOCK = 100_000_000;
const CONNECTIONS = 16;
const SELL = `
  WITH sold AS (UPDATE sale SET available = available - 1 WHERE id = 1 AND available > 0 RETURNING available)
  INSERT INTO ticket (code) SELECT $1 FROM sold RETURNING (SELECT available FROM sold)
`;

/** @param {string} host folder of the socket @returns {Promise<import("./database-front.js").Store>} */
export async function open(host) {
  const pool = new pg.Pool({ host, user: "bench", database: "postgres", max: CONNECTIONS });
  await pool.query("CREATE TABLE sale (id int PRIMARY KEY, available int NOT NULL)");
  await pool.query("CREATE TABLE ticket (code text PRIMARY KEY)");
  await pool.query("INSERT INTO sale VALUES (1, $1)", [STOCK]);
  return {
    async buy() {
      const code = randomBytes(8).toString("base64url");
      const { rows } = await pool.query({ name: "sell", text: SELL, values: [code] });
      return rows.length === 0 ? null : Number(rows[0].available);
    },
    async audit() {
      const { rows } = await pool.query(
        "SELECT $1 - available AS sold, (SELECT count(*) FROM ticket) AS tickets FROM sale",
        [STOCK],
      );
      return { sold: Number(rows[0].sold), tickets: Number(rows[0].tickets) };
    },
  };
}
