import { queryKey, type Answers, type Query } from "../answers.js";
import { type Span } from "../syntax/span.js";
import { type ParsedProgram } from "../syntax/ast.js";
import { type CheckedExpression } from "./checked-program.js";
import { memberOf } from "./kernel-member.js";
import { type ProbeState } from "./probe-state.js";
import { uint32, type IntegerType } from "./type.js";
import { mentions } from "./probes/reads-arguments.js";
import { typesFileHint } from "./types-file-hint.js";

// current->real_parent->tgid: struct task_struct in include/linux/sched.h.
const parentMember: Query = {
  kind: "memberOffset",
  structure: "task_struct",
  member: "real_parent",
};
const processMember: Query = { kind: "memberOffset", structure: "task_struct", member: "tgid" };

/** What must be known of the target for `ppid`, when the program reads it. */
export function parentProcessQueries(program: ParsedProgram, answers: Answers): readonly Query[] {
  if (!mentions(program.blocks, /^ppid$/)) return [];
  return [parentMember, processMember].filter((query) => !answers.has(queryKey(query)));
}

/** `ppid`: the process id of the parent. */
export function checkParentProcess(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { answers, target } = probe.program;
  const parentOffset = offsetIn(answers, parentMember);
  const processOffset = offsetIn(answers, processMember);
  if (parentOffset === undefined || processOffset === undefined) {
    return probe.error(
      "unknown-name",
      span,
      "ppid needs the kernel's types (BTF), which this target lacks",
      [typesFileHint],
    );
  }
  const pointer: IntegerType = { kind: "integer", sizeBytes: target.pointerSize, isSigned: false };
  const task: CheckedExpression = {
    kind: "builtin",
    name: "curtask",
    type: { kind: "pointer", space: "kernel", target: undefined },
    span,
  };
  const parent = memberOf(task, parentOffset, pointer, span);
  return memberOf(parent, processOffset, uint32, span);
}

function offsetIn(answers: Answers, query: Query): number | undefined {
  const answer = answers.get(queryKey(query));
  return answer?.kind === "memberOffset" ? answer.offset : undefined;
}
