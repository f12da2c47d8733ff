import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { objectWithin } from "../scripts/debian/embedded-object.js";
import { formatTable } from "./table.js";

const program = fileURLToPath(new URL("relocate-once.js", import.meta.url));
const tool = "/usr/sbin/klockstat";
const kernelTypes = "/sys/kernel/btf/vmlinux";
const processes = 5;
const times = 40;

/**
 * The largest object of libbpf-tools, from its file to a plan, against this kernel's types: the first time in a process, and when
 * it has been done before. Beside it how long bpftool takes to read the object and the same types (gen min_core_btf, which loads
 * nothing).
 */
export async function measureObjects() {
  const folder = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  try {
    const object = join(folder, "klockstat.bpf.o");
    writeFileSync(object, objectWithin(tool));
    const runs = Array.from({ length: processes }, () => run(object));
    const cold = Math.min(...runs.map(([first = 0]) => first));
    const warm = Math.min(...runs.flatMap(([, ...others]) => others));
    const rows = [
      ["", "least ms"],
      ["sonde, first time in a process", cold.toFixed(1)],
      ["sonde, again", warm.toFixed(1)],
      ["bpftool, whole process", bpftoolMilliseconds(object, folder).toFixed(1)],
    ];
    return formatTable(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {readonly number[]} */
function run(/** @type {string} */ object) {
  const args = [program, object, kernelTypes, String(times)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`relocate-once: ${stderr}`);
  return stdout.trim().split("\n").map(Number);
}

function bpftoolMilliseconds(/** @type {string} */ object, /** @type {string} */ folder) {
  const args = ["gen", "min_core_btf", kernelTypes, join(folder, "min.btf"), object];
  const all = Array.from({ length: processes }, () => {
    const start = performance.now();
    const { status, error } = spawnSync("bpftool", args);
    if (error !== undefined || status !== 0) return Number.NaN;
    return performance.now() - start;
  });
  return Math.min(...all);
}
