import { randomBytes } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ADMIN_TOKEN, ADMIN_TOKEN_WORDS, ConfigError } from "./config.ts";
import { writeAll, writeBeside, type Disk } from "./journal/disk.ts";
import { nodeDisk } from "./journal/node-disk.ts";

/** In the data directory. */
export const ADMIN_TOKEN_FILE = "admin-token";

export interface AdminToken {
  readonly token: string;
  /** True when it was made just now, and so is worth printing. */
  readonly isNew: boolean;
}

/** 24 random bytes, written so that they fit in a header. */
export function makeAdminToken(): AdminToken {
  return { token: randomBytes(24).toString("base64url"), isNew: true };
}

/**
 * The organiser's token of a data directory; null if it has none yet. An empty file is none: somebody made it, and wrote
 * nothing yet.
 *
 * @throws {ConfigError} if somebody wrote what no request can carry.
 * @throws the system's error if the file can't be read.
 */
export async function readAdminToken(directory: string): Promise<AdminToken | null> {
  const path = join(directory, ADMIN_TOKEN_FILE);
  try {
    const token = (await readFile(path, "utf8")).trim();
    await chmod(path, 0o600);
    if (token === "") return null;
    if (ADMIN_TOKEN.test(token)) return { token, isNew: false };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
  throw new ConfigError(
    `${path} holds no token that a request can carry: ${ADMIN_TOKEN_WORDS}, or delete the file and the next start makes one`,
  );
}

/**
 * Makes the token of a data directory that has none, readable by the owner alone. The organiser may be told it once
 * and never again, so it is durable by then: after a power cut the next start reads it and makes no other.
 *
 * @throws the system's error.
 */
export async function writeAdminToken(directory: string, disk: Disk = nodeDisk): Promise<AdminToken> {
  const made = makeAdminToken();
  const bytes = Buffer.from(`${made.token}\n`);
  await writeBeside(disk, join(directory, ADMIN_TOKEN_FILE), (file) => writeAll(file, bytes, 0));
  return made;
}
