// Node for a board, npm's or Debian's, and koffi, by which the agent makes system calls there.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cachedFolder, hashOf } from "../../scripts/debian/cached-folder.js";
import { archiveOf, debianFiles, npmFiles } from "./package-files.js";
import { agentFolder } from "./userland.js";

const require = createRequire(new URL("../../packages/agent/package.json", import.meta.url));
/** @type {{ version: string }} */
const koffi = JSON.parse(
  readFileSync(join(dirname(require.resolve("koffi")), "package.json"), "utf8"),
);

/** Debian's packages that both link with. */
const libraries = {
  libatomic1: ["*/libatomic.so.1*"],
  "libgcc-s1": ["*/libgcc_s.so.1"],
  // Not the script for gdb of the same name.
  "libstdc++6": ["*-gnu*/libstdc++.so.6*[0-9]"],
};

/** Debian's Node: its libraries, and the parts of it that are files of other packages. */
const debianNode = {
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

/**
 * The path of an archive for the kernel's first root file system.
 *
 * @param {import("./architectures.js").Architecture} architecture
 * @param {(what: string) => void} report
 */
export async function nodeArchive(architecture, report) {
  const { debian, userlandSuite, nodePackage, nodeName } = architecture;
  const hash = hashOf(debian, userlandSuite, nodePackage, koffi.version, sources());
  const folder = await cachedFolder(`boards/node-${debian}-${hash}`, async (output) => {
    const fromDebian = nodePackage === undefined ? { ...libraries, ...debianNode } : libraries;
    const files = await debianFiles(architecture, fromDebian, report);
    if (nodePackage !== undefined) {
      const [node] = await npmFiles({ [nodePackage]: ["*/bin/node"] }, report);
      if (node !== undefined) files.push({ ...node, path: "usr/bin/node" });
    }
    const binaries = await npmFiles(
      { [`@koromix/koffi-linux-${nodeName}@${koffi.version}`]: ["*/koffi.node"] },
      report,
    );
    const binary = binaries.find(({ path }) => !path.includes("musl"));
    if (binary === undefined || !files.some(({ path }) => path === "usr/bin/node")) {
      throw new Error(`the packages for ${nodeName} hold no bin/node or no koffi.node for glibc`);
    }
    files.push({ ...binary, path: `${agentFolder}/koffi-${nodeName}-glibc.node` });
    writeFileSync(join(output, "node.cpio"), archiveOf(files));
  });
  return join(folder, "node.cpio");
}

/** What an image is made by is a part of what it is made from. */
function sources() {
  return ["node-runtime.js", "package-files.js", "cpio.js"].map((name) =>
    readFileSync(new URL(name, import.meta.url), "utf8"),
  );
}
