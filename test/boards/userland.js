// What a board has beside its kernel and the agent: busybox, Node, koffi, the C library, and dash (a small program that is
// linked with the C library, to be traced).
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { architectures } from "./architectures.js";
import { cachedFolder, hashOf } from "./cache.js";
import { cpioArchive } from "./cpio.js";
import { DebianSuite, unpackPackage } from "./debian.js";
import { unpackNpmPackage } from "./npm.js";

/** @typedef {import("./architectures.js").Architecture} Architecture */

const require = createRequire(new URL("../../packages/agent/package.json", import.meta.url));
/** @type {{ version: string }} */
const koffi = JSON.parse(
  readFileSync(join(dirname(require.resolve("koffi")), "package.json"), "utf8"),
);

/** Debian's package → tar's patterns of what is taken from it. Since trixie, folders of the root are those of /usr. */
const debianFiles = {
  "busybox-static": ["*bin/busybox"],
  dash: ["*bin/dash"],
  libc6: ["*/ld-*.so.*", "*/libc.so.6", "*/libm.so.6", "*/libdl.so.2", "*/libpthread.so.0"],
  "libgcc-s1": ["*/libgcc_s.so.1"],
  "libstdc++6": ["*/libstdc++.so.6*"],
  libatomic1: ["*/libatomic.so.1*"],
};

/** Where the agent lies on a board, with koffi's binary beside it. */
export const agentFolder = "usr/lib/sonde-agent";

/**
 * The path of the C library on a board.
 *
 * @param {import("./boards.js").Board} board
 */
export function libc({ architecture }) {
  return `/usr/lib/${architectures[architecture].triplet}/libc.so.6`;
}

/**
 * The path of an archive for the kernel's first root file system.
 *
 * @param {Architecture} architecture
 * @param {(what: string) => void} report
 */
export async function userlandArchive(architecture, report) {
  const { debian, userlandSuite, nodePackage } = architecture;
  const hash = hashOf(debian, userlandSuite, nodePackage, koffi.version, debianFiles, sources());
  const folder = await cachedFolder(`userland-${debian}-${hash}`, async (output) => {
    const work = mkdtempSync(join(tmpdir(), "sonde-userland-"));
    try {
      await fetchFiles(architecture, work, report);
      report("packing busybox, Node and libraries");
      writeFileSync(join(output, "userland.cpio"), pack(architecture, work));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return join(folder, "userland.cpio");
}

/** What an image is made by is a part of what it is made from. */
function sources() {
  return ["userland.js", "cpio.js"].map((name) =>
    readFileSync(new URL(name, import.meta.url), "utf8"),
  );
}

/**
 * @param {Architecture} architecture
 * @param {string} work
 * @param {(what: string) => void} report
 */
async function fetchFiles({ debian, userlandSuite, nodePackage, nodeName }, work, report) {
  for (const name of ["debian", "node", "koffi"]) mkdirSync(join(work, name));
  report(`asking for the packages of ${userlandSuite} for ${debian}`);
  const suite = await DebianSuite.open(userlandSuite, debian);
  try {
    for (const [name, patterns] of Object.entries(debianFiles)) {
      report(`fetching ${name}`);
      await unpackPackage(await suite.download(name), join(work, "debian"), patterns);
    }
  } finally {
    suite.close();
  }
  report(`fetching ${nodePackage} (some 40 MB)`);
  await unpackNpmPackage(nodePackage, join(work, "node"), ["*/bin/node"]);
  report("fetching koffi");
  await unpackNpmPackage(`@koromix/koffi-linux-${nodeName}@${koffi.version}`, join(work, "koffi"), [
    "*/koffi.node",
  ]);
}

/**
 * @param {Architecture} architecture
 * @param {string} work
 */
function pack({ triplet, nodeName }, work) {
  // libstdc++ brings a script for gdb by its own name.
  const debian = readFiles(join(work, "debian")).filter(({ path }) => !path.endsWith(".py"));
  const [node] = readFiles(join(work, "node"));
  const glibcKoffi = readFiles(join(work, "koffi")).find(({ path }) => !path.includes("musl"));
  if (node === undefined || glibcKoffi === undefined) {
    throw new Error(`npm's packages for ${nodeName} hold no bin/node or no koffi.node for glibc`);
  }
  const programs = debian.filter(({ path }) => path.includes("bin/"));
  const libraries = debian.filter(({ path }) => !path.includes("bin/"));
  const isLoader = (/** @type {string} */ path) => basename(path).startsWith("ld-");
  const folders = ["usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", `usr/lib/${triplet}`];
  return cpioArchive([
    ...[...folders, agentFolder, "dev", "proc", "sys", "tmp", "run", "etc"].map((path) => ({
      path,
    })),
    ...["bin", "sbin", "lib", "lib64"].map((path) => ({ path, linkTo: `usr/${path}` })),
    ...[...programs, node].map(({ path, content }) => ({
      path: `usr/bin/${basename(path)}`,
      content,
      isExecutable: true,
    })),
    ...libraries.map(({ path, content }) => ({
      path: `usr/lib/${triplet}/${soname(basename(path))}`,
      content,
      isExecutable: true,
    })),
    // Programs name their loader by a path that differs between processors: /lib or /lib64.
    ...libraries
      .filter(({ path }) => isLoader(path))
      .flatMap(({ path }) =>
        ["usr/lib", "usr/lib64"].map((folder) => ({
          path: `${folder}/${basename(path)}`,
          linkTo: `/usr/lib/${triplet}/${basename(path)}`,
        })),
      ),
    { path: `${agentFolder}/koffi-${nodeName}-glibc.node`, content: glibcKoffi.content },
  ]);
}

/** libstdc++.so.6.0.30 is asked for as libstdc++.so.6. */
function soname(/** @type {string} */ name) {
  return name.replace(/(\.so\.\d+)\..*$/, "$1");
}

/** The regular files below a folder. */
function readFiles(/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, content: readFileSync(path) };
    });
}
