/** What a server says of where it listens leads there. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { bannerLines } from "../../src/banner.ts";
import { readSettings } from "../../src/config.ts";
import { hostHere, hostInUrl, lanHost } from "../../src/listening-address.ts";
import { temporaryDirectory } from "../support/cleanup.ts";
import { spawnServer, startTestServer, type TestServer } from "../support/start-server.ts";

const EVERYWHERE = [undefined, "0.0.0.0", "::", "0:0:0:0:0:0:0:0"] as const;

describe("the address that a server is reached at", () => {
  for (const host of EVERYWHERE) {
    it(`is localhost with --host ${host ?? "left away"}, and that of the network for others`, () => {
      expect(hostHere(host)).to.equal("localhost");
      expect(hostInUrl(host)).to.equal("localhost");
      expect(lanHost(host)).to.equal(lanHost(undefined));
    });
  }

  for (const [host, inUrl] of [
    ["192.168.0.7", "192.168.0.7"],
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "[::1]"],
    ["fe80::1", "[fe80::1]"],
    ["sale.example", "sale.example"],
  ] as const) {
    it(`is ${inUrl} in a URL with --host ${host}, and no other`, () => {
      expect(hostHere(host)).to.equal(host);
      expect(hostInUrl(host)).to.equal(inUrl);
      expect(URL.canParse(`http://${hostInUrl(host)}:8080`)).to.equal(true);
      expect(lanHost(host)).to.equal(null);
    });
  }
});

describe("the banner", function () {
  this.timeout(60_000);

  /** Of a sale that was there already, so that it says how to restock it. */
  const banner = (server: TestServer, flags: readonly string[]): string =>
    bannerLines({ ...server, created: false }, readSettings(flags, {}), "0").join("\n");

  it("names the host that was chosen, also where it says how to restock", async () => {
    const server = await startTestServer();
    const text = banner(server, ["--host", "::1"]);
    expect(text).to.include(`Page         http://[::1]:${server.httpPort}\n`);
    expect(text)
      .to.include(`wscat -c ws://[::1]:${server.httpPort})`)
      .and.include(`nc ::1 ${server.tcpPort}\n`);
    expect(text).to.include(`curl -X POST http://[::1]:${server.httpPort}/api/admin/`);
    expect(text).to.not.include("localhost").and.not.include("On your LAN");
  });

  it("says where the token is so that a shell finds it, whatever the directory is called", async () => {
    const server = await startTestServer();
    const directory = join(await temporaryDirectory(), "the sale's $(data)");
    await mkdir(directory);
    await writeFile(join(directory, "admin-token"), "the-token");
    const [words] = /"Authorization: [^\n]*(?= -d)/.exec(banner(server, ["--data", directory])) ?? [];
    const { stdout } = await promisify(execFile)("sh", ["-c", `printf %s ${words}`]);
    expect(stdout).to.equal("Authorization: Bearer the-token");
    expect(banner(server, ["--data", "./data"])).to.include("$(cat ./data/admin-token)");
  });

  it("says the same with --host 0.0.0.0 as without", async () => {
    const server = await startTestServer();
    expect(banner(server, ["--host", "0.0.0.0"])).to.equal(banner(server, []));
  });
});

describe("the log", function () {
  this.timeout(60_000);

  it("says where the server listens", async () => {
    const { listening, httpPort, tcpPort } = await spawnServer(["--data", await temporaryDirectory()]);
    expect(listening).to.include({ http: `http://127.0.0.1:${httpPort}`, tcp: `127.0.0.1:${tcpPort}` });
    const everywhere = await spawnServer(["--memory", "--host", "0.0.0.0"]);
    expect(everywhere.listening).to.include({ http: `http://localhost:${everywhere.httpPort}` });
  });
});
