// What a board has beside its kernel and the agent: busybox, Node, koffi, the C library, and dash (a small program that is
// linked with the C library, to be traced).
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { architectures } from "./architectures.js";
import { cachedFolder, hashOf } from "../../scripts/debian/cached-folder.js";
import { cpioArchive } from "./cpio.js";
import { DebianSuite, unpackPackage } from "../../scripts/debian/debian-suite.js";
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

/** The same of Node, where it is Debian's: its libraries, and the parts of it that are files of other packages. */
const debianNodeFiles = {
  nodejs: ["*bin/node"],
  libnode115: ["*/libnode.so.115"],
  libbrotli1: ["*/libbrotli*.so.1*"],
  libcares2: ["*/libcares.so.2*"],
  libicu76: ["*/libicudata.so.76*", "*/libicui18n.so.76*", "*/libicuuc.so.76*"],
  "libnghttp2-14": ["*/libnghttp2.so.14*"],
  libssl3t64: ["*/libcrypto.so.3", "*/libssl.so.3"],
  libuv1t64: ["*/libuv.so.1*"],
  libzstd1: ["*/libzstd.so.1*"],
  zlib1g: ["*/libz.so.1*"],
  "node-acorn": ["*/nodejs/acorn/dist/acorn.js", "*/nodejs/acorn-walk/dist/walk.js"],
  "node-cjs-module-lexer": ["*/nodejs/cjs-module-lexer/*lexer.js"],
  "node-minimatch": ["*/nodejs/minimatch/dist/cjs/index.bundle.js"],
  "node-undici": ["*/nodejs/undici/undici-fetch.js"],
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
  const hash = hashOf(debian, userlandSuite, nodePackage, koffi.version, sources());
  const folder = await cachedFolder(`boards/userland-${debian}-${hash}`, async (output) => {
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
  const files = { ...debianFiles, ...(nodePackage === undefined ? debianNodeFiles : {}) };
  report(`asking for the packages of ${userlandSuite} for ${debian}`);
  const suite = await DebianSuite.open(userlandSuite, debian);
  try {
    for (const [name, patterns] of Object.entries(files)) {
      report(`fetching ${name}`);
      await unpackPackage(await suite.download(name), join(work, "debian"), patterns);
    }
  } finally {
    suite.close();
  }
  if (nodePackage !== undefined) {
    report(`fetching ${nodePackage} (some 40 MB)`);
    await unpackNpmPackage(nodePackage, join(work, "node"), ["*/bin/node"]);
  }
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
  const files = [
    // libstdc++ brings a script for gdb by its own name.
    ...readFiles(join(work, "debian")).filter(({ path }) => !path.endsWith(".py")),
    ...readFiles(join(work, "node")),
  ].map(({ path, content }) => ({ path: placeOf(path, triplet), content, isExecutable: true }));
  const koffiBinary = readFiles(join(work, "koffi")).find(({ path }) => !path.includes("musl"));
  if (koffiBinary === undefined || !files.some(({ path }) => path === "usr/bin/node")) {
    throw new Error(`the packages for ${nodeName} hold no bin/node or no koffi.node for glibc`);
  }
  // Programs name their loader by a path that differs between processors: /lib or /lib64.
  const loaders = files
    .filter(({ path }) => basename(path).startsWith("ld-"))
    .flatMap(({ path }) =>
      ["usr/lib", "usr/lib64"].map((folder) => ({
        path: `${folder}/${basename(path)}`,
        linkTo: `/${path}`,
      })),
    );
  const content = [
    ...files,
    ...loaders,
    { path: `${agentFolder}/koffi-${nodeName}-glibc.node`, content: koffiBinary.content },
  ];
  const folders = new Set(content.flatMap(({ path }) => foldersAbove(path)));
  return cpioArchive([
    ...[...folders, "usr/sbin", "usr/lib64", "dev", "proc", "sys", "tmp", "run", "etc"].map((path) => ({ path })), // prettier-ignore
    ...["bin", "sbin", "lib", "lib64"].map((path) => ({ path, linkTo: `usr/${path}` })),
    ...content,
  ]);
}

/**
 * Where a file of a package lies on a board.
 *
 * @param {string} path
 * @param {string} triplet
 */
function placeOf(path, triplet) {
  if (path.includes("usr/share/")) return path.slice(path.indexOf("usr/share/"));
  if (path.includes("bin/")) return `usr/bin/${basename(path)}`;
  return `usr/lib/${triplet}/${soname(basename(path))}`;
}

/** The outermost first. */
function foldersAbove(/** @type {string} */ path) {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** libstdc++.so.6.0.30 is asked for as libstdc++.so.6. */
function soname(/** @type {string} */ name) {
  return name.replace(/(\.so\.\d+)\..*$/, "$1");
}

/** The regular files below a folder, by their paths in it. */
function readFiles(/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: relative(folder, path), content: readFileSync(path) };
    });
}
