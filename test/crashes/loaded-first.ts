import { fileURLToPath, pathToFileURL } from "node:url";

/** The environment that has node load these files of this folder before the server. */
export function loadedFirst(...names: readonly string[]): NodeJS.ProcessEnv {
  const files = names.map((name) => pathToFileURL(fileURLToPath(new URL(name, import.meta.url))).href);
  return { NODE_OPTIONS: files.map((file) => `--import=${file}`).join(" ") };
}
