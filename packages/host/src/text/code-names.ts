import { type TargetDescription } from "../spec/target-description.js";
import { type CodeType } from "../spec/value-type.js";
import { errorText } from "./error-texts.js";
import { signalText } from "./signal-texts.js";
import { systemCallName } from "./system-call-names.js";

type Architecture = TargetDescription["architecture"];

/** What a number of 32 bits means: an error, a signal, a system call of the architecture's. */
export function codeName(kind: CodeType["of"], architecture: Architecture, code: number): string {
  switch (kind) {
    case "error":
      return errorText(code);
    case "signal":
      return signalText(code);
    case "systemCall":
      return systemCallName(architecture, code) ?? "Unknown syscall";
  }
}

/** Errors are negative in the kernel; no table has larger numbers. */
const [lowest, highest] = [-1024, 1024];

/** The numbers that mean this; undefined when they are without end, as those of "Unknown error". */
export function codesOf(
  kind: CodeType["of"],
  architecture: Architecture,
  name: string,
): readonly number[] | undefined {
  const codes: number[] = [];
  for (let code = lowest; code <= highest; code++) {
    if (codeName(kind, architecture, code) === name) codes.push(code);
  }
  return codes.includes(lowest) || codes.includes(highest) ? undefined : codes;
}
