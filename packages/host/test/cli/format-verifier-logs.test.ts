import { expect, test } from "@jest/globals";
import { formatVerifierLogs } from "../../src/cli/format-verifier-logs.js";
import { type LoadReport } from "../../src/session/session.js";
import { type ProgramSpec } from "../../src/spec/program-spec.js";

test("what the verifier said stands under each probe's name, with the program's number", () => {
  const programs: readonly ProgramSpec[] = ["sonde_1_begin", "sonde_2_switch"].map((name) => ({
    name,
    type: "raw_tracepoint",
    instructions: [],
    license: "GPL",
  }));
  const load: LoadReport["plan"]["steps"][number] = {
    kind: "loadProgram",
    name: "",
    type: 17,
    expectedAttachType: 0,
    attachBtfId: 0,
    instructions: new Uint8Array(8),
    maps: [],
    license: "GPL",
    flags: 0,
  };
  const report: LoadReport = {
    plan: { steps: [load, load] },
    results: [{ log: "func#0 @0\n" }, { log: "processed 2 insns\n" }],
  };
  const attachment = {
    kind: "rawTracepoint",
    name: "sched_switch",
    program: "sonde_2_switch",
    probe: "rawtracepoint:sched_switch",
  } as const;
  const runs = [{ program: "sonde_1_begin", when: "start" }] as const;
  const line = "-".repeat(38);
  expect(formatVerifierLogs({ programs, attachments: [attachment], runs }, report)).toBe(
    `BPF verifier log for begin_1:\n${line}\nfunc#0 @0\n\n` +
      `BPF verifier log for rawtracepoint_sched_switch_2:\n${line}\nprocessed 2 insns\n\n`,
  );
});
