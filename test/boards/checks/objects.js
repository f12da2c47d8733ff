import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { objectWithin } from "../../../scripts/debian/embedded-object.js";
import { describeOutcome } from "../board-under-test.js";
import { NotApplicable } from "./check.js";

const sonde = fileURLToPath(new URL("../../../packages/host/bin/sonde.cjs", import.meta.url));
const source = fileURLToPath(new URL("../objects/exec.bpf.c", import.meta.url));
/** The board starts a program about once a second. */
const limitMilliseconds = 30_000;
const bigEndian = ["s390x"];
/** A program of Debian's libbpf-tools: the object within it reads the registers of this architecture. */
const connectTool = { program: "/usr/sbin/tcpconnect", architecture: "x86_64" };

/** @type {readonly import("./check.js").Check[]} */
export const objectChecks = [
  {
    name: "a BPF object as clang compiles it",
    needs: ["tracepoint", "map_value_pointer"],
    run: async (on) => {
      await inFolder(async (folder) => {
        const object = compile(folder, on.board.architecture);
        await untilTold(on, [object, "--set", "mark=7"], ({ comm, mark, pid }) => {
          return comm === "cat" && mark === 7 && Number(pid) > 0;
        });
      });
    },
  },
  {
    name: "a BPF object that reads the kernel's structures",
    needs: ["raw_tracepoint", "map_value_pointer"],
    run: async (on) => {
      await inFolder(async (folder) => {
        const object = compile(folder, on.board.architecture);
        const types = await typesFor(on, object, folder);
        await untilTold(
          on,
          [object, ...types, "--only", "on_exec_with_parent"],
          ({ comm, parent, pid }) => {
            return comm === "cat" && Number(parent) > 0 && parent !== pid;
          },
        );
      });
    },
  },
  {
    name: "tcpconnect's BPF object",
    needs: ["kprobe", "map_value_pointer"],
    run: async (on) => {
      await inFolder(async (folder) => {
        const object = connectObject(on.board.architecture, folder);
        const types = await typesFor(on, object, folder);
        const header = join(folder, "tcpconnect.h");
        writeFileSync(header, connectTypes);
        await untilTold(
          on,
          [object, ...types, "--types", header],
          ({ task, daddr_v4, dport, uid }) =>
            task === "nc" && daddr_v4 === "127.0.0.1" && dport === connectPort && uid === 0,
          // Once more until it has been told: the board is slow, and nobody knows when all is attached.
          async () => {
            await on.machine.shell("echo exit | nc 127.0.0.1 4651 >/dev/null");
          },
        );
      });
    },
  },
];

/** Its port as the object tells it: as it is in the packet. */
const connectPort = ((4651 & 0xff) << 8) | (4651 >> 8);
/** The record of bookworm's tcpconnect, which the object itself does not tell. */
const connectTypes = `
struct event {
  union { __u32 saddr_v4; __u8 saddr_v6[16]; };
  union { __u32 daddr_v4; __u8 daddr_v6[16]; };
  char task[16];
  __u64 ts_us;
  __u32 af;
  __u32 pid;
  __u32 uid;
  __u16 sport;
  __u16 dport;
};`;

/**
 * @template Value
 * @param {(folder: string) => Promise<Value>} use
 */
async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "sonde-object-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Options that give a board's types where its kernel does not show them: those alone that the object needs, of a file that was
 * kept when it still did.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 * @param {string} object
 * @param {string} folder
 */
async function typesFor(on, object, folder) {
  if (on.board.lacks.includes("btf") && on.board.hidesBtf !== true) {
    throw new NotApplicable("its kernel was built without types");
  }
  if (on.board.hidesBtf !== true) return [];
  // Over which the board has mounted something, but not over this second one.
  const printed = await on.machine.shell(
    "mkdir -p /run/sys; mount -t sysfs sys /run/sys; gzip -c /run/sys/kernel/btf/vmlinux | base64; umount /run/sys",
  );
  const whole = join(folder, "whole.btf");
  const needed = join(folder, "needed.btf");
  writeFileSync(whole, gunzipSync(Buffer.from(printed, "base64")));
  const args = [sonde, "btf", "subset", object, "--btf", whole, "-o", needed];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.ok(statSync(needed).size < 20_000);
  return ["--btf", needed];
}

/**
 * Runs an object on a board until it has told of what is wanted, then interrupts it.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 * @param {readonly string[]} args  the object, and options
 * @param {(event: Readonly<Record<string, unknown>>) => boolean} isWanted
 * @param {() => Promise<void>} [work]  over and over, for it to tell of
 */
async function untilTold(on, args, isWanted, work = async () => wait(50)) {
  const running = on.start("run", ...args, "-f", "json");
  const isTold = () =>
    running.said.output
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .some(({ type, data }) => type === "event" && isWanted(data));
  const deadline = performance.now() + limitMilliseconds;
  while (!isTold() && running.child.exitCode === null && performance.now() < deadline) {
    await work();
  }
  const wasTold = isTold();
  running.child.kill("SIGINT");
  const outcome = await running.ended;
  assert.ok(wasTold, `it did not tell; run ${describeOutcome(outcome)}`);
  assert.equal(outcome.code, 130, `run ${describeOutcome(outcome)}`);
}

/**
 * @param {string} folder
 * @param {string} architecture
 */
function compile(folder, architecture) {
  const object = join(folder, "exec.bpf.o");
  const target = bigEndian.includes(architecture) ? "bpfeb" : "bpfel";
  const clang = spawnSync("clang", ["-O2", "-g", "-target", target, "-c", source, "-o", object]);
  if (clang.error !== undefined) throw new NotApplicable("clang is not installed on this machine");
  assert.equal(clang.status, 0, clang.stderr.toString());
  return object;
}

/**
 * @param {string} architecture  of the board
 * @param {string} folder
 */
function connectObject(architecture, folder) {
  const { program } = connectTool;
  if (architecture !== connectTool.architecture) {
    throw new NotApplicable("the object within tcpconnect is made for x86_64 alone");
  }
  if (!existsSync(program))
    throw new NotApplicable("libbpf-tools is not installed on this machine");
  const object = join(folder, "tcpconnect.bpf.o");
  writeFileSync(object, objectWithin(program));
  return object;
}
