import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { keepAddressKey } from "../src/address-key.ts";
import { temporaryDirectory } from "./support/cleanup.ts";
import { recordingDisk } from "./support/recording-disk.ts";
import { runToEnd } from "./support/run-to-end.ts";

describe("address-key", () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory, "address-key");
  });

  it("is made once, and read from then on", async () => {
    const made = await keepAddressKey(directory);
    expect(made).to.match(/^[\w-]{43}$/);
    expect(await keepAddressKey(directory)).to.equal(made);
    expect(await readdir(directory)).to.deep.equal(["address-key"]);
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it("is durable under its name before anybody is known by it", async () => {
    const { disk, steps } = recordingDisk();
    await keepAddressKey(directory, disk);
    expect(steps).to.deep.equal(["sync 44 bytes", `rename to ${path}`, `sync ${directory}`]);
  });

  it("that isn't one is refused and left as it is: under another one a key would buy twice", async () => {
    const whole = await keepAddressKey(directory);
    for (const text of ["", "\n", "short", whole.slice(1), `${whole}x`, "\0".repeat(43)]) {
      await writeFile(path, text);
      const refused = await keepAddressKey(directory).catch((cause: unknown) => cause);
      expect(refused).to.be.instanceOf(Error).and.include({ code: "ADDRESS_KEY_UNUSABLE" });
      expect((refused as Error).message).to.contain(path);
      expect(await readFile(path, "utf8")).to.equal(text);
    }
  });

  it("that isn't one stops a start with exit code 3, before it touches the journal", async () => {
    await writeFile(path, "");
    const flags = ["--port", "0", "--tcp-port", "0", "--data", directory, "--no-addresses"];
    const { code, errors } = await runToEnd(["serve", ...flags]);
    expect(code, errors).to.equal(3);
    expect(errors)
      .to.contain(path)
      .and.match(/^bilheteria: [^\n]+\n$/);
    expect(await readdir(directory)).to.deep.equal(["address-key"]);
  });
});
