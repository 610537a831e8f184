import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = new URL("../../page/", import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path.replace(/^\//, ""), PAGE), "utf8");
}

/** Every script that `main.js` brings with it. */
function modulesFrom(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, target = ""] of read(path).matchAll(/from "(\.[^"]+)"/g)) {
    modulesFrom(new URL(target, new URL(path, "http://page")).pathname, found);
  }
  return found;
}

describe("the page's files", () => {
  let html = "";

  before(() => {
    html = read("index.html");
  });

  it("preloads each module that the page imports, and no other", () => {
    const links = html.matchAll(/rel="modulepreload" href="([^"]+)"/g);
    const preloaded = Array.from(links, ([, href = ""]) => href);
    const imported = [...modulesFrom("/web/main.js")].filter((path) => path !== "/web/main.js");
    expect(preloaded).to.have.members(imported);
  });

  for (const page of ["index.html", "unknown-sale.html"]) {
    it(`references only files that are there, by absolute paths: ${page}`, () => {
      for (const [, target = ""] of read(page).matchAll(/(?:src|href)="([^"#]+)"/g)) {
        expect(target).to.match(/^\//);
        expect(existsSync(fileURLToPath(new URL(target.slice(1), PAGE))), target).to.equal(true);
      }
    });

    it(`has nothing inline that a strict policy would block: ${page}`, () => {
      expect(read(page)).not.to.match(/<style|style=|\son[a-z]+=|<script(?![^>]*src=)/i);
    });
  }

  it("shows the same mark on the page for a sale that there isn't", () => {
    const mark = /<p class="brand">[^]*?<\/p>/;
    const shown = mark.exec(html)?.[0];
    expect(shown).to.include("<svg");
    expect(mark.exec(read("unknown-sale.html"))?.[0]).to.equal(shown);
  });

  it("takes no style from elsewhere", () => {
    expect(read("page.css")).not.to.match(/@import|url\((?!["']?(data:|\/))/);
  });

  it("imports no server code but the protocol's", () => {
    for (const path of modulesFrom("/web/main.js"))
      expect(path).to.match(/^\/(web|src\/protocol)\/[a-z-]+\.js$/);
  });
});
