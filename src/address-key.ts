import { randomBytes } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAll, writeBeside, type Disk } from "./journal/disk.ts";
import { nodeDisk } from "./journal/node-disk.ts";

/** In the data directory. */
export const ADDRESS_KEY_FILE = "address-key";

/** 32 random bytes in base64url. */
const KEY = /^[\w-]{43}$/;

/** The file is there, and holds no key. */
export class AddressKeyUnusable extends Error {
  readonly code = "ADDRESS_KEY_UNUSABLE";

  constructor(path: string) {
    super(
      `${path} isn't what a server wrote: under another one, keys of earlier purchases would buy again. Put a copy of ` +
        "it back, or delete it to give those purchases up",
    );
    this.name = "AddressKeyUnusable";
  }
}

/** For a server that keeps nothing: its pseudonyms end with it. */
export function makeAddressKey(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * The key that `--no-addresses` makes pseudonyms with; made at the first start with that flag and readable by the
 * owner alone. Once the file is deleted nobody can tell any more which address a pseudonym in the journal stands for.
 *
 * Purchases are known by it, so it is as durable as they are before the first is made, and never replaced.
 *
 * @throws {AddressKeyUnusable} if the file holds something else.
 * @throws the system's error if the file can't be read or written.
 */
export async function keepAddressKey(directory: string, disk: Disk = nodeDisk): Promise<string> {
  const path = join(directory, ADDRESS_KEY_FILE);
  const kept = await readKept(path);
  if (kept === null) {
    const made = makeAddressKey();
    await writeBeside(disk, path, (file) => writeAll(file, Buffer.from(`${made}\n`), 0));
    return made;
  }
  if (!KEY.test(kept)) throw new AddressKeyUnusable(path);
  return kept;
}

async function readKept(path: string): Promise<string | null> {
  try {
    const text = await readFile(path, "utf8");
    await chmod(path, 0o600);
    return text.trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    return null;
  }
}
