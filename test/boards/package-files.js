// Files of Debian's and npm's packages, and where they lie on a board.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { cpioArchive } from "./cpio.js";
import { DebianSuite, unpackPackage } from "../../scripts/debian/debian-suite.js";
import { unpackNpmPackage } from "./npm.js";

/**
 * Package → tar's patterns of what is taken from it.
 *
 * @typedef {Readonly<Record<string, readonly string[]>>} Wanted
 * @typedef {{ path: string, content: Buffer }} PackageFile
 * @typedef {(what: string) => void} Report
 */

/**
 * Files of Debian's packages, by their paths on a board.
 *
 * @param {import("./architectures.js").Architecture} architecture
 * @param {Wanted} wanted
 * @param {Report} report
 */
export async function debianFiles({ debian, userlandSuite, triplet }, wanted, report) {
  report(`asking for the packages of ${userlandSuite} for ${debian}`);
  const suite = await DebianSuite.open(userlandSuite, debian);
  try {
    const files = await unpacked(async (folder) => {
      for (const [name, patterns] of Object.entries(wanted)) {
        report(`fetching ${name}`);
        await unpackPackage(await suite.download(name), folder, patterns);
      }
    });
    return files.map(({ path, content }) => ({ path: placeOf(path, triplet), content }));
  } finally {
    suite.close();
  }
}

/**
 * Files of npm's packages, by their paths in the packages.
 *
 * @param {Wanted} wanted
 * @param {Report} report
 */
export async function npmFiles(wanted, report) {
  return await unpacked(async (folder) => {
    for (const [name, patterns] of Object.entries(wanted)) {
      report(`fetching ${name}`);
      await unpackNpmPackage(name, folder, patterns);
    }
  });
}

/**
 * An archive of these, and of the folders that they are in; all may be executed.
 *
 * @param {readonly PackageFile[]} files
 * @param {readonly ({ path: string, linkTo: string } | { path: string })[]} [others]
 */
export function archiveOf(files, others = []) {
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)));
  return cpioArchive([
    ...[...folders].map((path) => ({ path })),
    ...others,
    ...files.map((file) => ({ ...file, isExecutable: true })),
  ]);
}

/**
 * The regular files that `fill` puts into a folder.
 *
 * @param {(folder: string) => Promise<void>} fill
 * @returns {Promise<PackageFile[]>}
 */
async function unpacked(fill) {
  const folder = mkdtempSync(join(tmpdir(), "sonde-packages-"));
  try {
    await fill(folder);
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path: relative(folder, path), content: readFileSync(path) };
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Programs in one folder, libraries in one, under the names that they are asked for by.
 *
 * @param {string} path
 * @param {string} triplet
 */
function placeOf(path, triplet) {
  if (path.startsWith("usr/share/")) return path;
  if (path.includes("bin/")) return `usr/bin/${basename(path)}`;
  return `usr/lib/${triplet}/${soname(basename(path))}`;
}

/** libstdc++.so.6.0.30 is asked for as libstdc++.so.6. */
function soname(/** @type {string} */ name) {
  return name.replace(/(\.so\.\d+)\..*$/, "$1");
}

/** The outermost first. */
function foldersAbove(/** @type {string} */ path) {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
