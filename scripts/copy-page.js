/** Puts the page's static files beside its compiled scripts, where the server finds all of it. */
import { copyFile, mkdir } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const STATIC_FILES = ["index.html", "unknown-sale.html", "page.css", "favicon.svg"];
const from = new URL("../web/", import.meta.url);
const to = new URL("../dist/page/", import.meta.url);

try {
  await mkdir(to, { recursive: true });
  await Promise.all(STATIC_FILES.map((name) => copyFile(new URL(name, from), new URL(name, to))));
} catch (error) {
  if (!(error instanceof Error && "code" in error)) throw error;
  const folder = relative(process.cwd(), fileURLToPath(to));
  console.error(
    `${String(error.code)}: this user can't write ${folder}. Give it the folder, or build as its owner.`,
  );
  process.exitCode = 1;
}
