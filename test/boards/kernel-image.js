// A kernel of Debian's: its image, its configuration, and an archive of modules: what its network card needs, and what a
// board's further devices need.
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { architectures } from "./architectures.js";
import { cachedFolder, hashOf } from "../../scripts/debian/cached-folder.js";
import { cpioArchive } from "./cpio.js";
import { DebianSuite, unpackPackage } from "../../scripts/debian/debian-suite.js";
import { runProgram } from "../../scripts/debian/run-program.js";

/** Of a virtual network card; what they depend on is found. */
const networkModules = ["virtio_pci", "virtio_net"];

/** On a board: what init.sh loads, and what is loaded when somebody wants it (i2c-memory.sh). */
const modulesFolder = "usr/lib/sonde-modules";
const laterModulesFolder = `${modulesFolder}/later`;

/** tar's patterns. */
const wantedFiles = ["*/vmlinu[xz]-*", "*/vmlinu[xz]", "*/config-*", "*/config", "*.ko", "*.ko.xz"];

/**
 * The folder with `vmlinuz`, `config` and `modules.cpio`.
 *
 * @param {import("./boards.js").Board} board
 * @param {(what: string) => void} report
 */
export async function kernelFolder({ architecture, suite, kernelPackage, devices }, report) {
  /** @type {import("./architectures.js").Architecture} */
  const { debian, modules = [] } = architectures[architecture];
  const needed = [...networkModules, ...modules];
  const later = devices?.modules ?? [];
  const hash = hashOf(debian, suite, kernelPackage, needed, later, sources());
  const name = `boards/kernel-${debian}-${suite}-${kernelPackage}-${hash}`;
  return await cachedFolder(name, async (output) => {
    const work = mkdtempSync(join(tmpdir(), "sonde-kernel-"));
    try {
      report(`asking for the packages of ${suite} for ${debian}`);
      const source = await DebianSuite.open(suite, debian);
      try {
        const [proper] = await source.dependenciesOf(kernelPackage, /^linux-image-/);
        if (proper === undefined) throw new Error(`${kernelPackage} depends on no kernel`);
        // Sid's kernel, configuration and modules are in packages of their own.
        const parts = await source.dependenciesOf(proper, /^linux-(base|binary|modules)-\d/);
        for (const name of [proper, ...parts]) {
          report(`fetching ${name} (up to 100 MB)`);
          const file = await source.download(name);
          report(`unpacking ${name}`);
          await unpackPackage(file, work, wantedFiles);
        }
      } finally {
        source.close();
      }
      await arrange(work, output, needed, later);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

function sources() {
  return ["kernel-image.js", "cpio.js"].map((name) =>
    readFileSync(new URL(name, import.meta.url), "utf8"),
  );
}

/**
 * @param {string} work
 * @param {string} output
 * @param {readonly string[]} needed  modules that are loaded at the start
 * @param {readonly string[]} later   those that are loaded when somebody wants them
 */
async function arrange(work, output, needed, later) {
  const paths = readdirSync(work, { recursive: true, encoding: "utf8" });
  const find = (/** @type {RegExp} */ pattern) => {
    const path = paths.find((one) => pattern.test(one));
    if (path === undefined) throw new Error(`the kernel's packages have no ${pattern.source}`);
    return join(work, path);
  };
  copyFileSync(
    find(/(^boot\/vmlinu[xz]-[^/]+|^usr\/lib\/modules\/[^/]+\/vmlinu[xz])$/),
    join(output, "vmlinuz"),
  );
  copyFileSync(
    find(/(^boot\/config-[^/]+|^usr\/lib\/modules\/[^/]+\/config)$/),
    join(output, "config"),
  );
  const modules = new Map(
    paths
      .filter((path) => /\.ko(\.xz)?$/.test(path))
      .map((path) => [moduleName(path), join(work, path)]),
  );
  const atStart = await inOrderOfLoading(modules, needed);
  const others = await inOrderOfLoading(modules, later, atStart);
  writeFileSync(
    join(output, "modules.cpio"),
    cpioArchive([
      { path: "usr" },
      { path: "usr/lib" },
      { path: modulesFolder },
      { path: laterModulesFolder },
      ...moduleFiles(modulesFolder, atStart),
      ...moduleFiles(laterModulesFolder, others),
    ]),
  );
}

/** @typedef {{ name: string, content: Buffer }} Module */

/**
 * Under names in the order in which they are to be loaded.
 *
 * @param {string} folder
 * @param {readonly Module[]} modules
 */
function moduleFiles(folder, modules) {
  return modules.map(({ name, content }, index) => ({
    path: `${folder}/${String(index).padStart(2, "0")}-${name}.ko`,
    content,
  }));
}

/**
 * The modules that are needed, each after those it depends on, without those that are loaded before. What is not among the
 * files is built into the kernel.
 *
 * @param {ReadonlyMap<string, string>} files
 * @param {readonly string[]} needed
 * @param {readonly Module[]} before
 */
async function inOrderOfLoading(files, needed, before = []) {
  /** @type {Map<string, Module>} */
  const loaded = new Map(before.map((module) => [module.name, module]));
  const load = async (/** @type {string} */ name) => {
    const file = files.get(name);
    if (file === undefined || loaded.has(name)) return;
    const content = await readModule(file);
    for (const dependency of dependenciesOf(content)) await load(dependency);
    loaded.set(name, { name, content });
  };
  for (const name of needed) await load(name);
  return [...loaded.values()].slice(before.length);
}

async function readModule(/** @type {string} */ file) {
  if (!file.endsWith(".xz")) return readFileSync(file);
  await runProgram("xz", ["--decompress", file]);
  return readFileSync(file.slice(0, -".xz".length));
}

/** Of a module's section .modinfo, which is strings of the form name=value, each ended by a zero. */
function dependenciesOf(/** @type {Buffer} */ content) {
  const start = content.indexOf("\0depends=", 0, "latin1");
  if (start < 0) return [];
  const end = content.indexOf(0, start + 1);
  const names = content.toString("latin1", start + "\0depends=".length, end);
  return names === "" ? [] : names.split(",").map((name) => name.replaceAll("-", "_"));
}

function moduleName(/** @type {string} */ path) {
  return basename(path)
    .replace(/\.ko(\.xz)?$/, "")
    .replaceAll("-", "_");
}
