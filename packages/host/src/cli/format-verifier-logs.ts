import { type LoadReport } from "../session/session.js";
import { type ObjectSpec } from "../spec/object-spec.js";

/** What the verifier said of each program, under bpftrace's name of it: "begin_1". */
export function formatVerifierLogs(
  object: Pick<ObjectSpec, "programs" | "attachments" | "runs">,
  { plan, results }: Pick<LoadReport, "plan" | "results">,
): string {
  const logs = plan.steps.flatMap(({ kind }, index) =>
    kind === "loadProgram" ? [results[index]?.log ?? ""] : [],
  );
  return object.programs
    .map(({ name }, index) => {
      const title = `BPF verifier log for ${probeOf(object, name)}_${index + 1}:`;
      return `${title}\n${"-".repeat(38)}\n${logs[index] ?? ""}\n`;
    })
    .join("");
}

const whenOf = { start: "begin", end: "end", signal: "self_signal", test: "test", bench: "bench" };

function probeOf(
  { attachments, runs }: Pick<ObjectSpec, "attachments" | "runs">,
  program: string,
): string {
  const run = runs.find((one) => one.program === program);
  if (run !== undefined) return whenOf[run.when];
  const probe = attachments.find((one) => one.program === program)?.probe ?? program;
  return probe.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
