import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { uint64 } from "./type.js";

/** Arguments that the calling convention passes in registers. */
const registerArguments: Readonly<Record<string, number>> = {
  x64: 6,
  arm64: 8,
  arm: 4,
  // The kernel's own functions (regparm); a program's are on its stack.
  ia32: 3,
  riscv64: 8,
  mips: 4,
  mipsel: 4,
  ppc64: 8,
  s390x: 5,
  loong64: 8,
};

/** The n-th argument of a function, by the calling convention; reports one that cannot be read. */
export function registerArgument(
  probe: ProbeState,
  index: number,
  span: Span,
): CheckedExpression | undefined {
  const { architecture } = probe.program.target;
  const count = registerArguments[architecture] ?? 0;
  const is32Bit = probe.probe.is32Bit === true;
  if (is32Bit && architecture !== "x64") {
    return probe.notSupported(span, `arg${index} of a 32-bit program on ${architecture} is`);
  }
  const isOnReadableStack =
    probe.probe.type === "uprobe" &&
    (architecture === "ia32" || (architecture === "x64" && is32Bit));
  if (index >= count && !isOnReadableStack) {
    return probe.notSupported(
      span,
      `arg${index} is on the stack (${architecture} passes ${count} arguments in registers), which is`,
    );
  }
  return { kind: "argument", index, type: uint64, span };
}
