import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../scripts/debian/cached-folder.js";
import { DebianSuite, unpackPackage } from "../scripts/debian/debian-suite.js";

const suite = "trixie";
const architectures = /** @type {Readonly<Record<string, string>>} */ ({
  x64: "amd64",
  arm64: "arm64",
});

/**
 * How to run ply, which this machine's release need not have: with the libraries of the release that has it.
 *
 * @returns {Promise<readonly string[]>}
 */
export async function findPly() {
  const architecture = architectures[process.arch] ?? process.arch;
  const folder = await cachedFolder(`bench/ply-${suite}-${architecture}`, async (output) => {
    const debian = await DebianSuite.open(suite, architecture);
    try {
      const libraries = await debian.dependenciesOf("ply", /^lib/);
      for (const name of ["ply", ...libraries]) {
        const patterns = ["./usr/lib/*", "./usr/sbin/*", "./usr/bin/*"];
        await unpackPackage(await debian.download(name), output, patterns);
      }
    } finally {
      debian.close();
    }
  });
  const libraryFolder = join(folder, "usr/lib");
  const triple = readdirSync(libraryFolder).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const libraries = join(libraryFolder, triple);
  const loader = readdirSync(libraries).find((name) => name.startsWith("ld-linux")) ?? "";
  const ply = [join(libraries, loader), "--library-path", libraries, join(folder, "usr/sbin/ply")];
  // It looks for tracepoints below debugfs alone, which is mounted for it and nobody else.
  const mounting = 'mount -t debugfs none /sys/kernel/debug && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", mounting, "sh", ...ply];
}
