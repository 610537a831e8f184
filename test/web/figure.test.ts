/** The big number in a real browser: whatever font the machine has, its digits fit. */
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { askOrganiser } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { startTestServer } from "../support/start-server.ts";
import { openBrowser, openPage } from "./browser.ts";

const VIEWPORTS = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

/** As wide as the widest that people have, and as narrow as the ones that the page asks for first. */
const FONTS = ["DejaVu Sans", "Liberation Sans Narrow", "monospace"];

describe("the big number", function () {
  this.timeout(60_000);
  let browser: Browser;

  before(async function () {
    const opened = await openBrowser();
    if (opened === null) return this.skip();
    browser = opened;
  });

  after(() => (browser as Browser | undefined)?.close());

  for (const viewport of VIEWPORTS) {
    for (const font of FONTS) {
      it(`fits at ${viewport.width} px in ${font}, and so does the stamp upon it`, async () => {
        const { httpPort } = await startTestServer(["--stock", "100000000"]);
        const { page } = await openPage(browser, `http://127.0.0.1:${httpPort}/`, {
          viewport,
          reducedMotion: "reduce",
          script: useFont(font),
        });
        await eventually(async () => (await page.textContent("#figure")) === "100.000.000", "it is shown");
        expect(await overflowing(page)).to.deep.equal([]);
        await askOrganiser(httpPort, "POST", "/sales/default/close");
        await eventually(async () => (await page.textContent("#stamp")) !== "", "it is stamped");
        const { left, right, width } = await page.evaluate<{ left: number; right: number; width: number }>(
          `(() => { const { left, right } = document.querySelector("#stamp").getBoundingClientRect();
             return { left, right, width: document.documentElement.clientWidth }; })()`,
        );
        expect(left).to.be.at.least(0);
        expect(right).to.be.at.most(width);
      });
    }
  }
});

/** Puts a font before those that the page asks for, before it paints. */
function useFont(font: string): string {
  const rule = `:root { --poster: "${font}", sans-serif !important; }`;
  return `addEventListener("DOMContentLoaded", () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(rule.replace('"monospace"', "monospace"))});
    document.adoptedStyleSheets = [sheet];
  });`;
}

/** Characters that are wider than their place, and what the number cuts off. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const figure = document.querySelector("#figure");
    const end = figure.getBoundingClientRect().right;
    return [...figure.children].flatMap((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      const ink = range.getBoundingClientRect();
      const place = cell.getBoundingClientRect();
      const fits = ink.width <= place.width + 1 && ink.right <= end + 1;
      return fits ? [] : [cell.textContent + ": " + ink.width + " in " + place.width];
    });
  })()`);
}
