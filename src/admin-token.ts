import { randomBytes } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

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
 * The organiser's token of a data directory; made at the first start and readable by the owner alone.
 *
 * @throws the system's error if the file can't be read or written.
 */
export async function keepAdminToken(directory: string): Promise<AdminToken> {
  const path = join(directory, ADMIN_TOKEN_FILE);
  try {
    const token = (await readFile(path, "utf8")).trim();
    await chmod(path, 0o600);
    if (token.length >= 16) return { token, isNew: false };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  const made = makeAdminToken();
  await writeFile(path, `${made.token}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return made;
}
