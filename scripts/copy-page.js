/** Puts the page's static files beside its compiled scripts, where the server finds all of it. */
import { copyFile, mkdir } from "node:fs/promises";

const STATIC_FILES = ["index.html", "page.css", "favicon.svg"];
const from = new URL("../web/", import.meta.url);
const to = new URL("../dist/page/", import.meta.url);

await mkdir(to, { recursive: true });
await Promise.all(STATIC_FILES.map((name) => copyFile(new URL(name, from), new URL(name, to))));
