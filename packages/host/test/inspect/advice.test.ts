import { describe, expect, test } from "@jest/globals";
import { type TargetDescription } from "@sonde/protocol";
import { adviseOn } from "../../src/inspect/advice.js";
import { KernelConfig } from "../../src/inspect/kernel-config.js";
import { everyKind } from "../../src/inspect/probe-kind.js";
import { probeKinds } from "../../src/inspect/probe-kinds.js";
import { type TargetFacts } from "../../src/inspect/target-facts.js";
import { type TrialResult } from "../../src/inspect/try-probe-kind.js";

interface Board {
  readonly release?: string;
  readonly tracefs?: string;
  readonly btfSizeBytes?: number;
  readonly lacking?: readonly string[];
  readonly jit?: string;
  /** Options that are set beside those that all tracing needs; none: it shows no configuration. */
  readonly options?: readonly string[];
}

function factsOf(board: Board): TargetFacts {
  const { release = "6.12.1", tracefs = "/sys/kernel/tracing", btfSizeBytes = 5000 } = board;
  const privileges = { uid: 0, capabilities: 0n, lacking: [...(board.lacking ?? [])] };
  // Of a description only the parts that advice looks at.
  const description = {
    release,
    tracefs,
    btfSizeBytes,
    privileges,
  } as unknown as TargetDescription;
  const { options } = board;
  const text = [...everyKind, ...(options ?? [])].map((name) => `${name}=y\n`).join("");
  const config = options === undefined ? undefined : new KernelConfig("/proc/config.gz", text);
  const settings = new Map([["net.core.bpf_jit_enable", board.jit ?? "1"]]);
  return { description, settings, config: () => Promise.resolve(config) };
}

const refused: TrialResult = { state: "unsupported", reason: "perf_event_open: ENOENT" };

async function advise(kind: string, board: Board, result = refused): Promise<readonly string[]> {
  const found = probeKinds.find(({ name }) => name === kind);
  if (found === undefined) throw new Error(`there is no kind ${kind}`);
  return await adviseOn(found, result, factsOf(board));
}

describe("advice", () => {
  test("is not given on what works", async () => {
    expect(await advise("kprobe", { options: [] }, { state: "supported" })).toEqual([]);
  });

  test("names the options that the kernel was built without", async () => {
    expect(await advise("kprobe", { options: ["CONFIG_KPROBES"] })).toEqual([
      "a kernel with CONFIG_KPROBE_EVENTS (not set in /proc/config.gz)",
    ]);
  });

  test("names the options that it takes where the kernel does not show its own", async () => {
    expect(await advise("kprobe.multi", {})).toEqual([
      "a kernel with CONFIG_FPROBE (it shows no configuration: /proc/config.gz and /boot/config-6.12.1 cannot be read)",
    ]);
  });

  test("names the first release that has it", async () => {
    expect(await advise("uprobe.multi", { release: "6.1.0-18-amd64", options: [] })).toEqual([
      "a kernel of 6.6 or later (this is 6.1.0-18-amd64)",
    ]);
  });

  test("is the agent's own where all options are set", async () => {
    const result = { ...refused, hint: "a security module forbids it" };
    const options = ["CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS"];
    expect(await advise("kprobe", { options }, result)).toEqual(["a security module forbids it"]);
  });

  test("names the capabilities first, without which nothing can be found out", async () => {
    const lacking = [
      "the agent lacks CAP_BPF: no program can be loaded and no map made",
      "the agent lacks CAP_SYSLOG: addresses of kernel symbols are hidden",
    ];
    const result: TrialResult = { state: "unsupported", reason: "bpf(BPF_PROG_LOAD): EPERM" };
    expect(await advise("kprobe", { lacking, options: [] }, result)).toEqual([
      "start the agent as root, or give it CAP_BPF",
    ]);
  });

  test("has tracefs mounted for what needs it", async () => {
    const board = { tracefs: "", options: ["CONFIG_EVENT_TRACING"] };
    expect(await advise("tracepoint", board)).toEqual([
      "on the target: mount -t tracefs tracefs /sys/kernel/tracing",
    ]);
  });

  test("has the compiler for BPF switched on for what needs it", async () => {
    const options = probeKinds.find(({ name }) => name === "fentry")?.options ?? [];
    expect(await advise("fentry", { jit: "0", options })).toEqual([
      "on the target: sysctl -w net.core.bpf_jit_enable=1 (it is 0)",
    ]);
  });

  test("asks for a file of types where the kernel has them and does not show them", async () => {
    const board = { btfSizeBytes: 0, options: ["CONFIG_DEBUG_INFO_BTF"] };
    expect(await advise("tp_btf", board)).toEqual([
      expect.stringContaining("--btf FILE (raw) or --vmlinux FILE"),
    ]);
    expect(await advise("tp_btf", { btfSizeBytes: 0, options: [] })).toEqual([
      "a kernel with CONFIG_DEBUG_INFO_BTF (not set in /proc/config.gz)",
    ]);
  });
});
