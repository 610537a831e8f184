import { randomBytes } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Characters of 32 random bytes in base64url. */
const LENGTH = 43;

/** For a server that keeps nothing: its pseudonyms end with it. */
export function makeAddressKey(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * The key that `--no-addresses` makes pseudonyms with; made at the first start with that flag and readable by the
 * owner alone. Once the file is deleted nobody can tell any more which address a pseudonym in the journal stands for.
 *
 * @throws the system's error if the file can't be read or written.
 */
export async function keepAddressKey(directory: string): Promise<string> {
  const path = join(directory, "address-key");
  try {
    const key = (await readFile(path, "utf8")).trim();
    await chmod(path, 0o600);
    if (key.length === LENGTH) return key;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  const made = makeAddressKey();
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return made;
}
