// The source of the JavaScript engine that the micro agent is linked with: QuickJS, of Debian.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../debian/cached-folder.js";
import { DebianSuite } from "../debian/debian-suite.js";
import { runProgram } from "../debian/run-program.js";

const suite = "trixie";
const packageName = "quickjs";
const archive = "quickjs_2025.04.26.orig.tar.xz";
/** Of the archive: whatever the suite has by then, nothing else is built. */
const sha256 = "ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe";

/** What the engine calls itself. */
export const engineVersion = "2025-04-26";

/** The files that are compiled. */
export const engineFiles = ["quickjs.c", "cutils.c", "dtoa.c", "libregexp.c", "libunicode.c"];

/** The folder of the engine's source. */
export async function engineSource() {
  return await cachedFolder(`micro/engine-${sha256.slice(0, 12)}`, async (folder) => {
    const debian = await DebianSuite.open(suite, "amd64", "deb-src");
    try {
      const path = join(await debian.downloadSource(packageName), archive);
      const found = createHash("sha256").update(readFileSync(path)).digest("hex");
      if (found !== sha256) {
        throw new Error(`${archive} of ${suite}: SHA-256 ${found}, expected ${sha256}`);
      }
      const unpack = ["--extract", "--xz", "--file", path, "--directory", folder];
      await runProgram("tar", [...unpack, "--strip-components=1"]);
    } finally {
      debian.close();
    }
  });
}
