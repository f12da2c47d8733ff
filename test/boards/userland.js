// What a board has beside its kernel and the agent: busybox, the C library, and dash (a small program that is linked with
// the C library, to be traced).
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { architectures } from "./architectures.js";
import { cachedFolder, hashOf } from "../../scripts/debian/cached-folder.js";
import { archiveOf, debianFiles } from "./package-files.js";

/** Debian's packages. Since trixie, folders of the root are those of /usr. */
const wanted = {
  "busybox-static": ["*bin/busybox"],
  dash: ["*bin/dash"],
  libc6: [
    ...["*/ld-*.so.*", "*/ld64.so.*", "*/ld.so.[0-9]"],
    ...["*/libc.so.6", "*/libm.so.6", "*/libdl.so.2", "*/libpthread.so.0"],
  ],
};

/** Where the agent lies on a board. */
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
 * @param {import("./architectures.js").Architecture} architecture
 * @param {(what: string) => void} report
 */
export async function userlandArchive(architecture, report) {
  const { debian, userlandSuite } = architecture;
  const hash = hashOf(debian, userlandSuite, sources());
  const folder = await cachedFolder(`boards/userland-${debian}-${hash}`, async (output) => {
    const files = await debianFiles(architecture, wanted, report);
    writeFileSync(join(output, "userland.cpio"), pack(files));
  });
  return join(folder, "userland.cpio");
}

/** What an image is made by is a part of what it is made from. */
function sources() {
  return ["userland.js", "package-files.js", "cpio.js"].map((name) =>
    readFileSync(new URL(name, import.meta.url), "utf8"),
  );
}

/** @param {readonly import("./package-files.js").PackageFile[]} files */
function pack(files) {
  // Programs name their loader by a path that differs between processors: /lib or /lib64.
  const loaders = files
    .filter(({ path }) => /^ld(64)?[-.]/.test(basename(path)))
    .flatMap(({ path }) =>
      ["usr/lib", "usr/lib64"].map((folder) => ({
        path: `${folder}/${basename(path)}`,
        linkTo: `/${path}`,
      })),
    );
  return archiveOf(files, [
    ...["usr/sbin", "usr/lib64", "dev", "proc", "sys", "tmp", "run", "etc"].map((path) => ({
      path,
    })),
    ...["bin", "sbin", "lib", "lib64"].map((path) => ({ path, linkTo: `usr/${path}` })),
    ...loaders,
  ]);
}
