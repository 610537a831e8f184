/** What a user installs: only packages that are known by their hash, run nothing on the way, and are all on the bill. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

/** From dist/test/ to the repository. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const LOCKED = (json("package-lock.json") as { packages: Readonly<Record<string, Locked>> }).packages;

/** Everything that is installed for a user, by its place. */
const RUNTIME = Object.entries(LOCKED).filter(([place, { dev }]) => place !== "" && dev !== true);

function json(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
}

describe("the packages that a user installs", () => {
  it("are the ones that package.json names and what those need, and no others", () => {
    const { dependencies } = json("package.json") as Locked;
    const reached = new Set<string>();
    const visit = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      const locked = LOCKED[`node_modules/${name}`];
      expect(locked, name).to.not.equal(undefined);
      for (const next of Object.keys(locked?.dependencies ?? {})) visit(next);
    };
    for (const name of Object.keys(dependencies ?? {})) visit(name);
    expect(reached.size).to.be.above(6);
    expect(RUNTIME.map(([place]) => nameOf(place))).to.have.members([...reached]);
  });

  it("run no script when they are installed", () => {
    const scripted = RUNTIME.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripted.map(([place]) => place)).to.deep.equal([]);
  });

  it("run none either where only the installed package itself says so", () => {
    for (const [place] of RUNTIME) {
      const { scripts = {}, gypfile } = json(join(place, "package.json")) as {
        scripts?: Record<string, string>;
        gypfile?: boolean;
      };
      expect(scripts, place).to.not.have.any.keys("preinstall", "install", "postinstall");
      expect(gypfile, place).to.not.equal(true);
    }
  });

  it("are known by their hash", () => {
    for (const [place, { integrity }] of RUNTIME) expect(integrity, place).to.match(/^sha512-/);
  });
});

describe("the bill of materials", function () {
  this.timeout(60_000);
  let bill: Bill;
  before(() => {
    bill = JSON.parse(
      execFileSync(process.execPath, [join(ROOT, "scripts", "sbom.js")], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    ) as Bill;
  });

  it("is CycloneDX, of this program", () => {
    const { name, version } = json("package.json") as Component;
    expect(bill).to.include({ bomFormat: "CycloneDX" });
    expect(bill.specVersion).to.match(/^1\.\d+$/);
    expect(bill.metadata.component).to.include({ name, version, type: "application" });
  });

  it("lists exactly the packages that the lockfile installs for a user, each with its hash and licence", () => {
    const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
    expect(listed).to.have.members(RUNTIME.map(([place, { version }]) => `${nameOf(place)}@${version}`));
    for (const { name, purl, hashes, licenses } of bill.components) {
      const { integrity = "" } = LOCKED[`node_modules/${name}`] ?? {};
      expect(purl, name).to.match(/^pkg:npm\//);
      expect(licenses, name).to.not.be.empty;
      const sha512 = hashes?.find(({ alg }) => alg === "SHA-512")?.content;
      expect(sha512, name).to.equal(Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex"));
    }
  });

  it("says who needs whom, and of nobody who isn't listed", () => {
    const known = new Set(
      [bill.metadata.component, ...bill.components].map((component) => component["bom-ref"]),
    );
    expect(bill.dependencies.map(({ ref }) => ref)).to.have.members([...known]);
    for (const { dependsOn } of bill.dependencies) {
      for (const ref of dependsOn) expect(known).to.include(ref);
    }
    const ours = bill.dependencies.find(({ ref }) => ref === bill.metadata.component["bom-ref"]);
    const { dependencies } = json("package.json") as Locked;
    expect(ours?.dependsOn.map((ref) => ref.slice(0, ref.lastIndexOf("@")))).to.have.members(
      Object.keys(dependencies ?? {}),
    );
  });
});
