import { expect } from "chai";
import { readSettings } from "../../src/config.ts";
import { explainStart } from "../../src/start-fault.ts";

describe("what is said of a start that failed", () => {
  const settings = readSettings(["--port", "80", "--tcp-port", "81"], {});

  for (const syscall of ["listen", "bind"]) {
    it(`names the port that needs more rights when ${syscall} is refused`, () => {
      const fault = Object.assign(new Error("refused"), { code: "EACCES", syscall, port: 81 });
      expect(explainStart(fault, settings)).to.equal(
        "port 81 needs more rights than this user has. Choose one above 1023 with --tcp-port",
      );
    });
  }

  it("names the data directory when a file is refused", () => {
    const fault = Object.assign(new Error("EACCES: open"), { code: "EACCES", syscall: "open" });
    expect(explainStart(fault, settings)).to.include("the right to read and write ./data");
  });
});
