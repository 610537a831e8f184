/** The page in a real browser, on a real server. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { PAGE_LIMITS } from "../../web/limits.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ADMIN_TOKEN, spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { WsClient } from "../support/ws-client.ts";
import { openBrowser, openPage } from "./browser.ts";
import { CuttableProxy } from "./cuttable-proxy.ts";

const PHONE = { width: 360, height: 740 };
const CODE = /^[A-Z0-9]{4} [A-Z0-9]{4} [A-Z0-9]{4}$/;

describe("the page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;

  before(async function () {
    const opened = await openBrowser();
    if (opened === null) return this.skip();
    browser = opened;
  });

  after(() => (browser as Browser | undefined)?.close());

  it("shows the number fall as others buy", async () => {
    const server = await serve("--stock", "1000");
    const { page, complaints } = await openPage(browser, address(server));
    await sees(page, "#figure", "1.000");
    const buyer = await WsClient.connect(server.httpPort);
    for (let i = 0; i < 3; i++) await buyer.ask("COMPRAR 5");
    await sees(page, "#figure", "0.985");
    await sees(page, "#tally", "15 de 1.000 vendidos");
    await sees(page, "#audience", "2 pessoas acompanhando");
    expect(complaints).to.deep.equal([]);
  });

  it("buys, shows the codes that were sold, and shows them again after a reload", async () => {
    const server = await serve("--stock", "10");
    const { page, complaints } = await openPage(browser, address(server));
    await page.click("#more");
    await press(page, "Comprar 2 ingressos");
    await sees(page, "#note-text", "Compra realizada: 2 ingressos.");
    await sees(page, "#figure", "08");
    const codes = await page.locator(".code").allTextContents();
    expect(codes).to.have.lengthOf(2);
    for (const code of codes) expect(code).to.match(CODE);
    const sold = await organiser(server, "tickets.csv", "GET");
    for (const code of codes) expect(sold).to.include(code.replaceAll(" ", ""));
    await page.reload();
    await page.locator(".code").first().waitFor();
    expect(await page.locator(".code").allTextContents()).to.deep.equal(codes);
    expect(complaints).to.deep.equal([]);
  });

  it("buys once on a double click", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await page.dblclick("#buy");
    await sees(page, "#figure", "09");
    await page.waitForTimeout(300);
    expect(await soldBy(server)).to.equal(1);
  });

  it("announces the AVISO to screen readers and to the eye, at the instant and not to latecomers", async () => {
    const server = await serve("--stock", "3");
    const { page, complaints } = await openPage(browser, address(server), { viewport: PHONE });
    await enabled(page);
    const alert = page.getByRole("alert");
    expect(await alert.textContent()).to.equal("");
    const buyer = await WsClient.connect(server.httpPort);
    await buyer.ask("COMPRAR 3");
    await sees(page, "[role=alert]", "O estoque acabou de esgotar!");
    expect(await alert.getAttribute("aria-live")).to.equal("assertive");
    const box = await alert.boundingBox();
    expect(box?.width).to.be.greaterThan(100);
    expect(box?.y).to.be.within(0, PHONE.height);
    await sees(page, "#state", "Esgotado");
    await sees(page, "#buy", "Esgotado");
    const late = await openPage(browser, address(server));
    await sees(late.page, "#state", "Esgotado");
    expect(await late.page.getByRole("alert").textContent()).to.equal("");
    expect(complaints).to.deep.equal([]);
  });

  it("tells the AVISO that came while the connection was lost, once", async () => {
    const server = await serve("--stock", "3");
    const proxy = await CuttableProxy.open(server.httpPort);
    const { page } = await openPage(browser, `http://127.0.0.1:${proxy.port}/`);
    await enabled(page);
    proxy.loseAnswers();
    const buyer = await WsClient.connect(server.httpPort);
    await buyer.ask("COMPRAR 3");
    proxy.cut();
    await sees(page, "[role=alert]", "O estoque acabou de esgotar!");
    await page.click("#dismiss");
    await listenTo(page, "link-text");
    proxy.cut();
    await until(async () => /Reconectando.*Ao vivo/.test((await said(page)).join(" ")), "it comes back");
    await page.waitForTimeout(300);
    expect(await page.getByRole("alert").textContent()).to.equal("");
  });

  it("buys once when the answer is lost and the page is reloaded in the middle", async () => {
    const server = await serve("--stock", "10");
    const proxy = await CuttableProxy.open(server.httpPort);
    const { page } = await openPage(browser, `http://127.0.0.1:${proxy.port}/`);
    await enabled(page);
    proxy.loseAnswers();
    await press(page, "Comprar 1 ingresso");
    await until(async () => (await soldBy(server)) === 1, "the purchase arrives");
    await sees(page, "#buy", "Comprando…");
    await page.reload();
    await sees(page, "#note-text", "Compra realizada: 1 ingresso.");
    expect(await page.locator(".code").count()).to.equal(1);
    await page.reload();
    await page.locator(".code").waitFor();
    await live(page);
    expect(await page.locator(".code").count()).to.equal(1);
    expect(await soldBy(server)).to.equal(1);
  });

  it("buys once when the connection breaks before the answer", async () => {
    const server = await serve("--stock", "10");
    const proxy = await CuttableProxy.open(server.httpPort);
    const { page } = await openPage(browser, `http://127.0.0.1:${proxy.port}/`);
    await enabled(page);
    proxy.loseAnswers();
    await press(page, "Comprar 1 ingresso");
    await until(async () => (await soldBy(server)) === 1, "the purchase arrives");
    proxy.cut();
    await sees(page, "#note-text", "Compra realizada: 1 ingresso.");
    expect(await soldBy(server)).to.equal(1);
    await sees(page, "#figure", "09");
  });

  it("shows one receipt in two tabs that sent the same purchase", async () => {
    const server = await serve("--stock", "10");
    const proxy = await CuttableProxy.open(server.httpPort);
    const { page } = await openPage(browser, `http://127.0.0.1:${proxy.port}/`);
    await enabled(page);
    proxy.loseAnswers();
    await press(page, "Comprar 1 ingresso");
    await until(async () => (await soldBy(server)) === 1, "the purchase arrives");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.locator(".code").waitFor();
    await page.locator(".code").waitFor();
    proxy.cut();
    for (const tab of [page, other]) {
      await live(tab);
      expect(await tab.locator(".code").count()).to.equal(1);
    }
    expect(await soldBy(server)).to.equal(1);
  });

  it("finds the sale again when the server was killed and started anew", async () => {
    const data = await temporaryDirectory();
    const first = await spawnServer(["--stock", "10", "--data", data]);
    const { page } = await openPage(browser, address(first));
    await press(page, "Comprar 1 ingresso");
    await sees(page, "#figure", "09");
    first.kill("SIGKILL");
    await first.exit;
    await until(() => lost(page), "the page notices");
    const second = await spawnServer(["--data", data, "--port", String(first.httpPort)]);
    await live(page);
    await sees(page, "#figure", "09");
    await press(page, "Comprar mais 1");
    await sees(page, "#figure", "08");
    expect(await soldBy(second)).to.equal(2);
    expect(await page.locator(".code").count()).to.equal(2);
  });

  it("knows tickets of a sale that is no more, however much the one in its place has sold", async () => {
    const data = await temporaryDirectory();
    const first = await spawnServer(["--stock", "10", "--data", data]);
    const { page } = await openPage(browser, address(first));
    await press(page, "Comprar 1 ingresso");
    await page.locator(".receipt").waitFor();
    first.kill("SIGKILL");
    await first.exit;
    await until(() => lost(page), "the page notices");
    const second = await spawnServer(["--data", data, "--port", String(first.httpPort), "--fresh"]);
    const buyer = await WsClient.connect(second.httpPort);
    for (let i = 0; i < 5; i++) await buyer.ask("COMPRAR");
    await sees(page, "#figure", "05");
    await sees(page, ".receipt-when", /De uma venda anterior/);
    await press(page, "Comprar mais 1");
    await until(async () => (await page.locator(".receipt").count()) === 2, "the new ticket is there");
    expect(await page.locator(".receipt.outdated").count()).to.equal(1);
    await page.reload();
    await sees(page, "#figure", "04");
    await until(async () => (await page.locator(".receipt").count()) === 2, "both are there");
    expect(await page.locator(".receipt.outdated").count()).to.equal(1);
  });

  it("counts down by the server's clock when the browser's is hours wrong, and opens with the sale", async () => {
    const server = await serve("--stock", "10", "--opens-at", "+20s");
    const script = `{
      const Right = Date;
      const hours = 7 * 3600000;
      globalThis.Date = class extends Right {
        constructor(...parts) { parts.length === 0 ? super(Right.now() + hours) : super(...parts); }
        static now() { return Right.now() + hours; }
      };
    }`;
    const { page } = await openPage(browser, address(server), { script });
    await until(
      async () => /^00:00:(0[1-9]|1\d|20)$/.test((await page.textContent("#figure")) ?? ""),
      "it counts down",
    );
    expect(await page.textContent("#caption")).to.match(/^Abre às \d\d:\d\d/);
    expect(await lit(page)).to.equal(false);
    await sees(page, "[role=alert]", "Venda aberta!", 40_000);
    await enabled(page);
    await sees(page, "#figure", "10");
  });

  it("says why a purchase was refused and asks for what is left", async () => {
    const server = await serve("--stock", "2");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    for (let i = 0; i < 3; i++) await page.click("#more");
    await press(page, "Comprar 4 ingressos");
    await sees(page, "#note-text", "Restam só 2. Já ajustamos a quantidade.");
    await press(page, "Comprar 2 ingressos");
    await sees(page, "#note-text", "Compra realizada: 2 ingressos.");
  });

  it("follows what the organiser does", async () => {
    const server = await serve("--stock", "5");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await organiser(server, "pause");
    await sees(page, "#state", "Em pausa");
    expect(await lit(page)).to.equal(false);
    await organiser(server, "open");
    await sees(page, "[role=alert]", "Venda aberta!");
    await enabled(page);
    await organiser(server, "restock", "POST", { quantity: 20 });
    await sees(page, "#figure", "25");
    await organiser(server, "close");
    await sees(page, "#state", "Encerrada");
    await sees(page, "[role=alert]", /Venda encerrada\.$/);
  });

  it("speaks English when asked, and remembers it", async () => {
    const server = await serve("--stock", "1000");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await page.click("#language");
    await sees(page, "#buy", "Buy 1 ticket");
    await sees(page, "#figure", "1,000");
    expect(await page.getAttribute("html", "lang")).to.equal("en");
    await page.reload();
    await sees(page, "#buy", "Buy 1 ticket");
    await page.click("#language");
    await sees(page, "#buy", "Comprar 1 ingresso");
    expect(await page.getAttribute("html", "lang")).to.equal("pt-BR");
  });

  it("begins in English for a browser that speaks it", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server), { locale: "en-GB" });
    await sees(page, "#buy", "Buy 1 ticket");
  });

  it("can be worked with the keyboard alone", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await sees(page, "#quantity", "2");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await sees(page, "#note-text", "Compra realizada: 2 ingressos.");
    expect(await page.evaluate("document.activeElement.id")).to.equal("buy");
  });

  it("keeps a place for the keyboard when the button that was pressed goes away, and not one that buys", async () => {
    const server = await serve("--stock", "10");
    const script = `if (!localStorage.length) localStorage.setItem("bilheteria:sale:default:pending:old",
      JSON.stringify({ key: "old", sale: "default", buyer: "b", quantity: 1, madeAt: 1 }));`;
    const { page } = await openPage(browser, address(server), { script });
    const focused = (): Promise<string> => page.evaluate<string>("document.activeElement.id");
    await page.locator("#give-up").waitFor();
    await page.locator("#give-up").press("Enter");
    await enabled(page);
    expect(await focused()).to.equal("counter");
    await organiser(server, "restock", "POST", { quantity: 5 });
    await page.locator("#dismiss").waitFor();
    await page.locator("#dismiss").press("Enter");
    await page.locator("#dismiss").waitFor({ state: "hidden" });
    expect(await focused()).to.equal("counter");
    expect(await soldBy(server)).to.equal(0);
  });

  it("leaves the focus on a ticket while another one comes", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await press(page, "Comprar 1 ingresso");
    await page.locator(".copy").focus();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await press(other, "Comprar 1 ingresso");
    await until(
      async () => (await page.locator(".receipt").count()) === 2,
      "the other tab's ticket is there",
    );
    expect(await page.evaluate("document.activeElement.className")).to.equal("copy");
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`has no serious fault of accessibility in ${colorScheme}, from on sale to sold out`, async () => {
      const server = await serve("--stock", "2");
      const { page } = await openPage(browser, address(server), { colorScheme, reducedMotion: "reduce" });
      await enabled(page);
      expect(await seriousFaults(page)).to.deep.equal([]);
      await press(page, "Comprar 1 ingresso");
      await sees(page, "#figure", "1");
      await page.locator(".code").waitFor();
      expect(await seriousFaults(page)).to.deep.equal([]);
      await press(page, "Comprar mais 1");
      await sees(page, "[role=alert]", "O estoque acabou de esgotar!");
      expect(await seriousFaults(page)).to.deep.equal([]);
    });
  }

  it("fits a phone with a million tickets and a long title, and its targets are large enough", async () => {
    const title = "Réveillon em Copacabana: camarote, pista e arquibancada superior";
    const server = await serve("--stock", "1000000", "--title", title);
    const { page } = await openPage(browser, address(server), { viewport: PHONE });
    await press(page, "Comprar 1 ingresso");
    await sees(page, "#figure", "0.999.999");
    await page.locator(".code").waitFor();
    const outside = await page.evaluate(`[...document.querySelectorAll("main *, header *")]
      .filter((item) => item.checkVisibility() && !item.closest(".spoken"))
      .filter((item) => item.getBoundingClientRect().right > innerWidth + 0.5 || item.getBoundingClientRect().left < -0.5)
      .map((item) => item.id || item.className || item.tagName)`);
    expect(outside).to.deep.equal([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).to.equal(PHONE.width);
    const small = await page.evaluate(`[...document.querySelectorAll("button, a")]
      .filter((item) => item.checkVisibility() && !item.matches(".skip"))
      .filter((item) => item.getBoundingClientRect().height < 44 || item.getBoundingClientRect().width < 44)
      .map((item) => item.id || item.className)`);
    expect(small).to.deep.equal([]);
  });

  for (const height of [616, 740]) {
    it(`shows the button and how the purchase ended on a phone with ${height} px, without scrolling`, async () => {
      const viewport = { width: PHONE.width, height };
      const server = await serve("--stock", "10", "--title", "Festa da turma, com banda e karaokê até tarde");
      const { page } = await openPage(browser, address(server), { viewport });
      await press(page, "Comprar 1 ingresso");
      await sees(page, "#note-text", "Compra realizada: 1 ingresso.");
      for (const id of ["buy", "note-text", "note-link"]) {
        const box = await page.locator(`#${id}`).boundingBox();
        expect(box, id).not.to.equal(null);
        expect((box?.y ?? 0) + (box?.height ?? 0), id).to.be.within(1, height);
      }
      expect(await page.evaluate("scrollY")).to.equal(0);
    });
  }

  it("buys nothing on a press right after a purchase, and more on a later one", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await press(page, "Comprar 1 ingresso");
    await sees(page, "#buy", "Ingresso garantido");
    // A finger doesn't wait until the button is lit, which a plain click of Playwright's would.
    await page.click("#buy", { force: true });
    await press(page, "Comprar mais 1");
    await sees(page, "#figure", "08");
    expect(await soldBy(server)).to.equal(2);
  });

  it("tells screen readers the number that is left in the end, and at once that none is", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await sees(page, "#summary", "10 ingressos disponíveis");
    const buyer = await WsClient.connect(server.httpPort);
    for (let left = 9; left >= 4; left--) await buyer.ask("COMPRAR");
    await sees(page, "#figure", "04");
    await sees(page, "#summary", "4 ingressos disponíveis");
    await buyer.ask("COMPRAR 1");
    await buyer.ask("COMPRAR 3");
    await sees(page, "#state", "Esgotado");
    expect(await page.textContent("#summary")).to.equal("0 ingressos disponíveis");
  });

  it("says each AVISO anew to screen readers, though its words are those of the one before", async () => {
    const server = await serve("--stock", "5");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await listenTo(page, "aviso-text");
    for (let times = 1; times <= 3; times++) {
      await organiser(server, "restock", "POST", { quantity: 5 });
      await until(async () => (await said(page)).length === times, `AVISO ${times} is said`);
    }
    for (const text of await said(page)) expect(text).to.include("Estoque reposto: mais 5!");
  });

  it("says anew how a purchase ended that was answered before the next frame", async () => {
    const server = await serve("--stock", "5");
    // Frames come so rarely that the second answer is there before its question was ever painted.
    const script = "globalThis.requestAnimationFrame = (task) => setTimeout(task, 500);";
    const { page } = await openPage(browser, address(server), { script });
    await enabled(page);
    await listenTo(page, "spoken-note");
    await press(page, "Comprar 1 ingresso");
    await sees(page, "#spoken-note", "Compra realizada: 1 ingresso.");
    await press(page, "Comprar mais 1");
    await until(async () => (await said(page)).length >= 2, "both are said");
    expect(new Set(await said(page))).to.deep.equal(new Set(["Compra realizada: 1 ingresso."]));
  });

  it("is back within seconds of a planned restart", async () => {
    const data = await temporaryDirectory();
    const first = await spawnServer(["--stock", "10", "--data", data]);
    const { page } = await openPage(browser, address(first));
    await enabled(page);
    first.kill("SIGTERM");
    await first.exit;
    await until(() => lost(page), "the page notices");
    await spawnServer(["--data", data, "--port", String(first.httpPort)]);
    // An attempt may just have failed, and the next comes after the longest wait. A page that gave up never comes.
    const { reconnect, helloMs } = PAGE_LIMITS;
    await sees(page, "#link-text", "Ao vivo", reconnect.capMs + helloMs);
  });

  it("stays connected to a server that answers while the browser says that it is offline", async () => {
    const server = await serve("--stock", "10");
    const { page } = await openPage(browser, address(server));
    await enabled(page);
    await page.evaluate(`dispatchEvent(new Event("offline"))`);
    await press(page, "Comprar 1 ingresso");
    await sees(page, "#figure", "09");
    await live(page);
  });

  it("keeps its place while the number changes width", async () => {
    const server = await serve("--stock", "1005");
    const { page } = await openPage(browser, address(server), { viewport: PHONE });
    await enabled(page);
    const places = async (): Promise<unknown> =>
      page.evaluate(
        `["figure", "caption", "buy"].map((id) => JSON.stringify(document.getElementById(id).getBoundingClientRect()))`,
      );
    const before = await places();
    const buyer = await WsClient.connect(server.httpPort);
    await buyer.ask("COMPRAR 10");
    await sees(page, "#figure", "0.995");
    expect(await places()).to.deep.equal(before);
  });
});

function serve(...flags: string[]): Promise<ListeningProcess> {
  return spawnServer(["--memory", "--no-command-log", ...flags]);
}

function address({ httpPort }: ListeningProcess): string {
  return `http://127.0.0.1:${httpPort}/`;
}

/** Waits until an element says exactly this. */
async function sees(page: Page, selector: string, text: string | RegExp, patienceMs?: number): Promise<void> {
  let last: string | null = null;
  await until(
    async () => {
      last = await page.locator(selector).first().textContent();
      return typeof text === "string" ? last?.trim() === text : text.test(last ?? "");
    },
    () => `${selector} says ${String(text)}, not ${last ?? "nothing"}`,
    patienceMs,
  );
}

async function lit(page: Page): Promise<boolean> {
  return (await page.getAttribute("#buy", "aria-disabled")) === "false";
}

function enabled(page: Page): Promise<void> {
  return until(() => lit(page), "the button is lit");
}

async function lost(page: Page): Promise<boolean> {
  return /Reconectando|Conectando/.test((await page.textContent("#link-text")) ?? "");
}

async function live(page: Page): Promise<void> {
  await sees(page, "#link-text", "Ao vivo");
}

async function press(page: Page, label: string): Promise<void> {
  await enabled(page);
  await sees(page, "#buy", label);
  await page.click("#buy");
}

/** Notes down what is said in a live region from now on: a text is said when it is put there, not while it stays. */
async function listenTo(page: Page, id: string): Promise<void> {
  await page.evaluate(`{
    globalThis.said = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) said.push(node.textContent);
    }).observe(document.getElementById("${id}"), { childList: true });
  }`);
}

function said(page: Page): Promise<string[]> {
  return page.evaluate<string[]>("said");
}

async function soldBy({ httpPort }: ListeningProcess): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/sales/default/audit`);
  return ((await answer.json()) as { sold: number }).sold;
}

async function organiser(
  { httpPort }: ListeningProcess,
  what: string,
  method = "POST",
  body: object = {},
): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/admin/sales/default/${what}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.ok, `${what}: ${answer.status}`).to.equal(true);
  return answer.text();
}

async function seriousFaults(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  }>("axe.run(document, { resultTypes: ['violations'] })");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

async function until(
  holds: () => Promise<boolean>,
  what: string | (() => string),
  patienceMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`waited for: ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
