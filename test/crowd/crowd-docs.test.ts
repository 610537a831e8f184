/** docs/crowd.md says what the command does. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { LIMITS } from "../../src/limits.ts";
import { CHECKS } from "../../src/crowd/verdict.ts";
import { CROWD_FLAGS, crowdHelpText, type CrowdFlag } from "../../src/command-line/crowd-flags.ts";
import { tablesOf } from "../support/markdown-table.ts";

const TEXT = readFileSync(new URL("../../../docs/crowd.md", import.meta.url), "utf8");

/** The rows of the table whose first column has this name, without the header. */
function tableWith(column: string): string[][] {
  return (tablesOf(TEXT).find(([header]) => header?.[0] === column) ?? []).slice(1);
}

describe("docs/crowd.md", () => {
  it("has every flag with its default, and no other", () => {
    const documented = tableWith("flag").map(([flag, standard]) => ({ flag, standard }));
    const actual = Object.entries<CrowdFlag>(CROWD_FLAGS).map(([name, { argument, standard }]) => ({
      flag: argument === undefined ? `\`--${name}\`` : `\`--${name} <${argument}>\``,
      standard: standard === undefined ? "–" : `\`${standard}\``,
    }));
    expect(documented).to.deep.equal(actual);
  });

  it("has every exit code that the help names", () => {
    const [, named = ""] = /Sai com ([^]*)/.exec(crowdHelpText()) ?? [];
    const codes = [...named.matchAll(/(?<![\w>])(\d+) se\b/g)].map(([, code]) => code);
    expect(codes).to.have.length.above(3);
    expect(tableWith("exit code").map(([code]) => code)).to.deep.equal(codes);
  });

  it("has every check of the verdict", () => {
    expect(tableWith("check").map(([name]) => name)).to.deep.equal(
      Object.keys(CHECKS).map((name) => `\`${name}\``),
    );
  });

  it("tells the bounds that hold", () => {
    expect(TEXT).to.include(`plays ${LIMITS.crowd.usersPerProcess.toLocaleString("en")} people`);
    expect(TEXT).to.include(`up to ${LIMITS.crowd.users.toLocaleString("en")}`);
    expect(TEXT).to.include(`within ${LIMITS.crowd.replyMs / 1000} s`);
    expect(LIMITS.crowd.unruly, "a fifth").to.equal(0.2);
  });
});
