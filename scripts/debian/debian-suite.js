// Debian's packages of any suite and architecture, by name, from the mirror that this machine uses. This machine's own
// packages and lists of packages are not touched.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./run-program.js";

/** A suite's packages for an architecture. Downloads lists when it is opened: tens of megabytes. */
export class DebianSuite {
  /** @type {string} */
  #folder;
  /** @type {NodeJS.ProcessEnv} */
  #environment;

  /**
   * @param {string} folder
   * @param {string} configuration
   */
  constructor(folder, configuration) {
    this.#folder = folder;
    this.#environment = { ...process.env, APT_CONFIG: configuration, LC_ALL: "C" };
  }

  /**
   * @param {string} suite
   * @param {string} architecture
   * @param {"deb" | "deb-src"} [kind] binary packages, or sources
   */
  static async open(suite, architecture, kind = "deb") {
    const mirror = await findMirror();
    const folder = mkdtempSync(join(tmpdir(), "sonde-apt-"));
    for (const name of ["lists/partial", "cache/archives/partial", "sources.d", "debs"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    writeFileSync(
      join(folder, "sources.d", "debian.sources"),
      `Types: ${kind}\nURIs: ${mirror.address}\nSuites: ${suite}\nComponents: main\n${mirror.signature}`,
    );
    const configuration = join(folder, "apt.conf");
    writeFileSync(
      configuration,
      `APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Dir::State::Lists "${folder}/lists";
Dir::State::status "/dev/null";
Dir::Cache "${folder}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${folder}/sources.d";
`,
    );
    const opened = new DebianSuite(folder, configuration);
    try {
      await runProgram("apt-get", ["-q", "update"], { env: opened.#environment });
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * The packages that a package depends on and whose names match: for a metapackage, the kernel that it stands for.
   *
   * @param {string} name
   * @param {RegExp} pattern
   */
  async dependenciesOf(name, pattern) {
    const text = await runProgram("apt-cache", ["depends", "--important", name], {
      env: this.#environment,
    });
    return [...text.matchAll(/^ *Depends: (\S+)$/gm)]
      .map(([, found = ""]) => found)
      .filter((found) => pattern.test(found));
  }

  /**
   * Downloads a package and gives the path of its file, which is there until `close`.
   *
   * @param {string} name
   */
  async download(name) {
    const folder = join(this.#folder, "debs");
    await runProgram("apt-get", ["-q", "download", name], {
      cwd: folder,
      env: this.#environment,
    });
    const file = readdirSync(folder).find((one) => one.startsWith(`${name}_`));
    if (file === undefined) throw new Error(`apt-get download ${name}: no file came`);
    return join(folder, file);
  }

  /**
   * Downloads a package's sources and gives the folder of their files, which is there until `close`. The suite was opened for
   * "deb-src".
   *
   * @param {string} name
   */
  async downloadSource(name) {
    const folder = join(this.#folder, "debs");
    await runProgram("apt-get", ["-q", "source", "--download-only", name], {
      cwd: folder,
      env: this.#environment,
    });
    return folder;
  }
}

/**
 * Unpacks those files of a package that match one of tar's patterns.
 *
 * @param {string} file
 * @param {string} folder
 * @param {readonly string[]} patterns
 */
export async function unpackPackage(file, folder, patterns) {
  const command = `set -o pipefail; dpkg-deb --fsys-tarfile "$0" |
    { LC_ALL=C tar --extract --directory "$1" --wildcards "\${@:2}" 2>&1 || [[ $? == 2 ]]; }`;
  const said = await runProgram("bash", ["-c", command, file, folder, ...patterns]);
  // Nothing matches a pattern: whoever asks will see what is not there.
  const errors = said
    .split("\n")
    .filter((line) => !/^$|Not found in archive$|previous errors$/.test(line));
  if (errors.length > 0) throw new Error(`${file}: ${errors.join("; ")}`);
}

/** Where this machine's apt has the packages of its own release from, and by which keys it knows them. */
async function findMirror() {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const targets = await runProgram("apt-get", [
    "indextargets",
    "--format",
    "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI) $(SIGNED_BY)",
  ]);
  for (const line of targets.split("\n")) {
    const [kind, suite, component, address, keys = ""] = line.split(" ");
    if (kind !== "Packages" || suite !== release || component !== "main") continue;
    // When the list says nothing of keys, apt takes those that it trusts.
    const signature = keys.startsWith("/") ? `Signed-By: ${keys}\n` : "";
    return { address, signature: signature === "" ? defaultKeys : signature };
  }
  throw new Error(
    `apt has no source of ${release ?? "this release"} main: this is built from Debian's packages, on Debian`,
  );
}

/** The keys of all releases, of the package debian-archive-keyring. */
const defaultKeys = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
