import { unwindableArchitectures } from "../unwind-registers.js";
import { type Span } from "../syntax/span.js";
import { type Unwinding, type UnwindMembers } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { unwindMembers } from "./unwind-members.js";

/** What dw_ustack needs of the target; reported, and `undefined`, where that is not to be had. */
export function checkUnwinding(probe: ProbeState, span: Span): Unwinding | undefined {
  const { program } = probe;
  const { target, unwindTargets } = program;
  if (unwindTargets === undefined) {
    const message =
      "dw_ustack requires a target process. Use -p, -c, or --dwarf-pid to specify one.";
    program.diagnostics.addPlaceless("error", "missing-option", message);
    return undefined;
  }
  if (!unwindableArchitectures.has(target.architecture)) {
    const message = `dw_ustack is for ${[...unwindableArchitectures].join(", ")}, not for ${target.architecture}`;
    return probe.error("not-supported", span, message, ["ustack follows frame pointers."]);
  }
  if (!target.features.includes("bpf_loop")) {
    const message = `dw_ustack needs bpf_loop and bpf_find_vma (Linux 5.17), the target has ${target.release}`;
    return probe.error("not-supported", span, message, ["ustack follows frame pointers."]);
  }
  const offsets = Object.entries(unwindMembers).map(([name, [structure, member]]) => {
    return [name, program.ask({ kind: "memberOffset", structure, member })] as const;
  });
  const answer = program.ask({
    kind: "unwindFiles",
    pids: unwindTargets.pids,
    programs: [...unwindTargets.programs, ...program.probedPaths],
  });
  if (answer === undefined || offsets.some(([, offset]) => offset === undefined)) return undefined;
  if (offsets.some(([, offset]) => offset?.offset === undefined)) {
    const message = "dw_ustack needs the kernel's types (BTF), which this target lacks";
    return probe.error("not-supported", span, message, ["ustack follows frame pointers."]);
  }
  if (answer.files.length === 0) {
    const message = "dw_ustack finds no file of the process with a section .eh_frame";
    return probe.error("not-supported", span, message, ["ustack follows frame pointers."]);
  }
  const members = Object.fromEntries(offsets.map(([name, offset]) => [name, offset?.offset ?? 0]));
  // Its keys are those of `unwindMembers`.
  program.unwinding = { files: answer.files, members: members as UnwindMembers };
  return program.unwinding;
}
