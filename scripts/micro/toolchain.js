// Compilers, and the C library that the micro agent is linked with: musl, of Debian, for the processor that is asked for.
import { join } from "node:path";
import { cachedFolder } from "../debian/cached-folder.js";
import { DebianSuite, unpackPackage } from "../debian/debian-suite.js";
import { runProgram } from "../debian/run-program.js";
import { microArchitectures } from "./architectures.js";

/**
 * @typedef {object} Toolchain
 * @property {string} version  what compiler and library it is: whatever else they make
 * @property {(source: string, object: string, flags: readonly string[]) => Promise<void>} compile
 * @property {(objects: readonly string[], program: string, flags: readonly string[]) => Promise<void>} link  to a static program
 */

/** Of the machine that builds: programs that run here. */
export async function hostToolchain() {
  return { version: await versionOf("gcc"), ...plain("gcc") };
}

/**
 * For an architecture's boards.
 *
 * @param {keyof typeof microArchitectures} name
 * @returns {Promise<Toolchain>}
 */
export async function boardToolchain(name) {
  /** @type {import("./architectures.js").MicroArchitecture} */
  const architecture = microArchitectures[name];
  const { debian, suite, musl, flags, libraries: own = [] } = architecture;
  const folder = await cachedFolder(`micro/musl-${suite}-${debian}`, async (output) => {
    const packages = await DebianSuite.open(suite, debian);
    try {
      const patterns = [`./usr/lib/${musl}/*`, `./usr/include/${musl}/*`];
      await unpackPackage(await packages.download("musl-dev"), output, patterns);
    } finally {
      packages.close();
    }
  });
  const gcc = await findCompiler(architecture);
  const include = join(folder, "usr/include", musl);
  const library = join(folder, "usr/lib", musl);
  const fileOfCompiler = async (/** @type {string} */ file) =>
    (await runProgram(gcc, [`-print-file-name=${file}`])).trim();
  const gccInclude = await fileOfCompiler("include");
  const headers = ["-nostdinc", "-isystem", include, "-isystem", gccInclude];
  const [first, last] = [await fileOfCompiler("crtbeginT.o"), await fileOfCompiler("crtend.o")];
  return {
    version: `${await versionOf(gcc)} with musl of ${suite}`,
    async compile(source, object, more) {
      await runProgram(gcc, [...headers, ...flags, ...more, "-c", source, "-o", object]);
    },
    async link(objects, program, more) {
      const start = [join(library, "crt1.o"), join(library, "crti.o"), first];
      const libraries = [
        `-L${library}`,
        "-Wl,--start-group",
        ...own,
        "-lc",
        "-lgcc",
        "-lgcc_eh",
        "-Wl,--end-group",
      ];
      const end = [last, join(library, "crtn.o")];
      const parts = [...start, ...objects, ...libraries, ...end];
      await runProgram(gcc, ["-static", "-nostdlib", ...flags, ...more, ...parts, "-o", program]);
    },
  };
}

/** @param {import("./architectures.js").MicroArchitecture} architecture */
async function findCompiler({ compiler, compilerPackage }) {
  const own = await runProgram("gcc", ["-dumpmachine"]);
  const gcc = own.trim() === compiler ? "gcc" : `${compiler}-gcc`;
  try {
    await versionOf(gcc);
  } catch (error) {
    throw new Error(`no compiler for ${compiler}: install Debian's package ${compilerPackage}`, {
      cause: error,
    });
  }
  return gcc;
}

/** @param {string} compiler */
async function versionOf(compiler) {
  const [line = ""] = (await runProgram(compiler, ["--version"])).split("\n");
  return line;
}

/** @param {string} compiler */
function plain(compiler) {
  return {
    /** @type {Toolchain["compile"]} */
    async compile(source, object, flags) {
      await runProgram(compiler, [...flags, "-c", source, "-o", object]);
    },
    /** @type {Toolchain["link"]} */
    async link(objects, program, flags) {
      await runProgram(compiler, [...flags, ...objects, "-lm", "-lpthread", "-o", program]);
    },
  };
}
