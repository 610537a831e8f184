/**
 * The page's files, read once at start and answered from memory. There are a few dozen, and a file that is read anew
 * for each request would hold a descriptor for as long as a client cares to wait: a hundred lazy readers could then
 * keep the journal from opening its next segment.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";

interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webmanifest": "application/manifest+json",
  ".map": "application/json; charset=utf-8",
};

export class PageFiles {
  readonly #files = new Map<string, PageFile>();

  /** @throws {RangeError} if the folder holds more than `maxBytes`. @throws the system's error if it can't be read. */
  constructor(folder: string, maxBytes: number) {
    let left = maxBytes;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const path = join(entry.parentPath, entry.name);
      const body = readFileSync(path);
      left -= body.length;
      if (left < 0) throw new RangeError(`the page's files in ${folder} take more than ${maxBytes} bytes`);
      const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
      const address = `/${path.slice(join(folder, "/").length).replaceAll("\\", "/")}`;
      this.#files.set(address, { type, etag, body });
    }
  }

  /**
   * Answers with the file at this address; false, and nothing written, if there is none.
   *
   * @param status 404 for a file that stands for one that there isn't.
   */
  serve(request: IncomingMessage, response: ServerResponse, address: string, status: 200 | 404): boolean {
    const file = this.#files.get(address === "/" ? "/index.html" : address);
    if (file === undefined) return false;
    // Asked for anew each time: a browser never mixes the modules of two versions.
    response.setHeader("cache-control", "no-cache").setHeader("etag", file.etag);
    if (status === 200 && isKnown(request.headers["if-none-match"], file.etag)) {
      response.writeHead(304).end();
      return true;
    }
    response.writeHead(status, { "content-type": file.type, "content-length": file.body.length });
    response.end(request.method === "HEAD" ? undefined : file.body);
    return true;
  }
}

/** A proxy may have made the tag a weak one, and a client may send several. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")));
}
