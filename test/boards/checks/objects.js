import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describeOutcome } from "../board-under-test.js";
import { NotApplicable } from "./check.js";

const source = fileURLToPath(new URL("../objects/exec.bpf.c", import.meta.url));
/** The board starts a program twice a second. */
const limitMilliseconds = 30_000;
const bigEndian = ["s390x"];

/** @type {readonly import("./check.js").Check[]} */
export const objectChecks = [
  {
    name: "a BPF object as clang compiles it",
    needs: ["tracepoint", "map_value_pointer"],
    run: async (on) => {
      await untilTold(on, ["--set", "mark=7"], ({ comm, mark, pid }) => {
        return comm === "cat" && mark === 7 && pid > 0;
      });
    },
  },
  {
    name: "a BPF object that reads the kernel's structures",
    needs: ["raw_tracepoint", "map_value_pointer", "btf"],
    run: async (on) => {
      await untilTold(on, ["--only", "on_exec_with_parent"], ({ comm, parent, pid }) => {
        return comm === "cat" && parent > 0 && parent !== pid;
      });
    },
  },
];

/**
 * Runs the object on a board until it has told of what is wanted, then interrupts it.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 * @param {readonly string[]} options
 * @param {(event: { comm: string, pid: number, parent: number, mark: number }) => boolean} isWanted
 */
async function untilTold(on, options, isWanted) {
  const folder = mkdtempSync(join(tmpdir(), "sonde-object-"));
  try {
    const object = compile(folder, bigEndian.includes(on.board.architecture) ? "bpfeb" : "bpfel");
    const running = on.start("run", object, "-f", "json", ...options);
    const isTold = () =>
      running.said.output
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .some(({ type, data }) => type === "event" && isWanted(data));
    const deadline = performance.now() + limitMilliseconds;
    while (!isTold() && running.child.exitCode === null && performance.now() < deadline) {
      await wait(50);
    }
    const wasTold = isTold();
    running.child.kill("SIGINT");
    const outcome = await running.ended;
    assert.ok(wasTold, `it did not tell; run ${describeOutcome(outcome)}`);
    assert.equal(outcome.code, 130, `run ${describeOutcome(outcome)}`);
    // What it counted is printed in the end.
    assert.match(outcome.output, /"\.bss": \{"count": [1-9]/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} folder
 * @param {string} target
 */
function compile(folder, target) {
  const object = join(folder, "exec.bpf.o");
  const clang = spawnSync("clang", ["-O2", "-g", "-target", target, "-c", source, "-o", object]);
  if (clang.error !== undefined) throw new NotApplicable("clang is not installed on this machine");
  assert.equal(clang.status, 0, clang.stderr.toString());
  return object;
}
