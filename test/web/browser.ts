import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { cleanup } from "../support/cleanup.ts";

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * @returns null, loudly, where there is no Chromium.
 * @throws where there is none but there has to be: in continuous integration.
 */
export async function openBrowser(): Promise<Browser | null> {
  const asked = process.env["CHROMIUM_PATH"];
  const executablePath = [...(asked === undefined ? [] : [asked]), ...USUAL_PLACES].find((path) =>
    existsSync(path),
  );
  if (executablePath !== undefined) return chromium.launch({ executablePath, args: QUIET });
  const message = "no Chromium: set CHROMIUM_PATH";
  if (process.env["CI"] !== undefined) throw new Error(message);
  console.warn(`\n  !!! THE PAGE IS NOT TESTED: ${message} !!!\n`);
  return null;
}

export interface OpenPage {
  readonly page: Page;
  /** What the page complained of on the console; blocked by the policy counts too. */
  readonly complaints: string[];
}

/** A browser of its own, with nothing stored; closed after the test. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { script?: string } = {},
): Promise<OpenPage> {
  const { script, ...contextOptions } = options;
  const context = await browser.newContext({ locale: "pt-BR", ...contextOptions });
  cleanup(() => context.close());
  if (script !== undefined) await context.addInitScript(script);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}
