// node bench/names.js: how fast addresses get their names on the host. 100,000 different addresses in functions of 50 programs
// and libraries of this machine, their symbols read from disk, beside addr2line with the same addresses. After `npm run build`.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { codeSymbolTable, readCodeSymbols } from "../packages/host/dist/elf/code-symbols.js";
import { ElfError } from "../packages/host/dist/elf/elf-error.js";
import { ElfReader } from "../packages/host/dist/elf/elf-reader.js";
import { ElfImage } from "../packages/host/dist/symbols/elf-image.js";
import { UserSymbols } from "../packages/host/dist/symbols/user-symbols.js";

const fileCount = 50;
const addressCount = 100_000;
const rounds = 3;
const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/bin"];
const smallestFileBytes = 200_000;

/** @returns {{ read: import("../packages/host/dist/elf/random-reader.js").RandomReader, close: () => void }} */
function openFile(/** @type {string} */ path) {
  const file = openSync(path, "r");
  return {
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      return Promise.resolve(bytes.subarray(0, readSync(file, bytes, 0, length, offset)));
    },
    close: () => {
      closeSync(file);
    },
  };
}

/** The symbols of one file, and so many addresses in its functions, as offsets in the file. */
async function pickAddresses(/** @type {string} */ path, /** @type {number} */ wanted) {
  const { read, close } = openFile(path);
  try {
    const elf = await ElfReader.open(read);
    const table = codeSymbolTable(elf);
    if (table === undefined || table.sizeBytes < 24n * 500n) return undefined;
    const { count, addresses, sizes } = await readCodeSymbols(elf);
    /** @type {{ address: bigint, offset: bigint }[]} */
    const picked = [];
    for (let at = 0; picked.length < wanted && at < 64 * count; at++) {
      const within = Math.floor(at / count) * 3;
      if (within >= (sizes[at % count] ?? 0)) continue;
      const address = BigInt((addresses[at % count] ?? 0) + within);
      const offset = elf.fileOffset(address);
      if (offset !== undefined) picked.push({ address, offset });
    }
    return picked.length === wanted ? { path, picked } : undefined;
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  } finally {
    close();
  }
}

async function chooseFiles() {
  const perFile = addressCount / fileCount;
  const paths = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => {
      const status = statSync(path, { throwIfNoEntry: false });
      return status?.isFile() === true && status.size >= smallestFileBytes;
    })
    .map((path) => realpathSync(path));
  const chosen = [];
  for (const path of new Set(paths)) {
    const file = await pickAddresses(path, perFile);
    if (file !== undefined) chosen.push(file);
    if (chosen.length === fileCount) break;
  }
  return chosen;
}

/** @typedef {Awaited<ReturnType<typeof chooseFiles>>} Files */

/** Milliseconds for all names, from nothing. On a busy machine the CPU time says more. */
async function measureSonde(/** @type {Files} */ files) {
  const span = 1n << 36n;
  const maps = files.map(({ path }, at) => {
    const start = (BigInt(at) + 1n) * span;
    return `${start.toString(16)}-${(start + span).toString(16)} r-xp 00000000 08:01 ${at + 1} ${path}`;
  });
  const addresses = files.flatMap(({ picked }, at) =>
    picked.map(({ offset }) => ({ pid: 1, address: (BigInt(at) + 1n) * span + offset })),
  );
  const start = performance.now();
  const cpu = process.cpuUsage();
  const symbols = new UserSymbols({
    readMaps: () => Promise.resolve(maps.join("\n")),
    openImage: async (_pid, { path }) => {
      const { read, close } = openFile(path);
      const image = await ElfImage.read(await ElfReader.open(read));
      close();
      return image;
    },
  });
  await symbols.prepare(addresses);
  let named = 0;
  for (const { address } of addresses) {
    if (symbols.resolve(address, 1) !== undefined) named++;
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    milliseconds: performance.now() - start,
    cpuMilliseconds: (user + system) / 1000,
    named,
  };
}

function measureAddr2line(/** @type {Files} */ files) {
  const start = performance.now();
  let named = 0;
  for (const { path, picked } of files) {
    const input = picked.map(({ address }) => address.toString(16)).join("\n");
    const { stdout, error } = spawnSync("addr2line", ["-f", "-C", "-e", path], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (error !== undefined) return undefined;
    named += stdout
      .split("\n")
      .filter((line, at) => at % 2 === 0 && line !== "" && line !== "??").length;
  }
  return { milliseconds: performance.now() - start, named };
}

const files = await chooseFiles();
const count = files.reduce((sum, { picked }) => sum + picked.length, 0);
console.log(`${count} addresses in ${files.length} files`);
const runs = [];
for (let round = 0; round < rounds; round++) runs.push(await measureSonde(files));
const best = Math.min(...runs.map(({ milliseconds }) => milliseconds));
const bestCpu = Math.min(...runs.map(({ cpuMilliseconds }) => cpuMilliseconds));
console.log(
  `sonde      ${best.toFixed(0)} ms (${bestCpu.toFixed(0)} ms of CPU), ${runs[0]?.named ?? 0} have names`,
);
const other = measureAddr2line(files);
if (other !== undefined) {
  console.log(`addr2line  ${other.milliseconds.toFixed(0)} ms, ${other.named} have names`);
}
