import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { readAdminToken, writeAdminToken } from "../src/admin-token.ts";
import { temporaryDirectory } from "./support/cleanup.ts";
import { recordingDisk } from "./support/recording-disk.ts";

describe("admin-token", () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory, "admin-token");
  });

  it("is the owner's alone, and read from then on, also where an empty file stood", async () => {
    for (const isThere of [false, true]) {
      if (isThere) {
        await writeFile(path, "");
        await chmod(path, 0o644);
      }
      expect(await readAdminToken(directory), "none yet").to.equal(null);
      const { token } = await writeAdminToken(directory);
      expect(await readAdminToken(directory)).to.deep.equal({ token, isNew: false });
      expect(await readdir(directory)).to.deep.equal(["admin-token"]);
      if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).to.equal(0o600);
    }
  });

  it("is durable under its name before anybody is told it", async () => {
    const { disk, steps } = recordingDisk();
    await writeAdminToken(directory, disk);
    expect(steps).to.deep.equal(["sync 33 bytes", `rename to ${path}`, `sync ${directory}`]);
  });

  it("that can't be made durable leaves what stood there", async () => {
    await writeFile(path, "");
    const { disk } = recordingDisk();
    const failing = {
      ...disk,
      open: async (name: string, mode: "read" | "scratch" | "durable") => ({
        ...(await disk.open(name, mode)),
        sync: () => Promise.reject(new Error("the disk failed")),
      }),
    };
    const fault = await writeAdminToken(directory, failing).catch((cause: unknown) => cause);
    expect(fault).to.be.instanceOf(Error).and.include({ message: "the disk failed" });
    expect(await readFile(path, "utf8")).to.equal("");
  });
});
