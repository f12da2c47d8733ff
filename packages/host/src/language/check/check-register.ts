import { namedRegister } from "../register-names.js";
import { type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { requireOnlyText } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { uint64 } from "./type.js";

/** A register of the machine's, as it was when the program came here; undefined for one that is not there. */
export function readRegister(
  probe: ProbeState,
  name: string,
  span: Span,
): CheckedExpression | undefined {
  const register = namedRegister(probe.program.target, name);
  return register === undefined ? undefined : { kind: "register", ...register, type: uint64, span };
}

/** `reg("ip")`. */
export function checkReg(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const name = requireOnlyText(probe, call);
  if (name === undefined) return undefined;
  const { context, type } = probe.probe;
  if (context !== "registers" && context !== "perfEvent") {
    const message = `reg can not be used with "${type}" probes`;
    return probe.error("wrong-probe", call.span, message);
  }
  const register = readRegister(probe, name, call.span);
  if (register !== undefined) return register;
  const { architecture } = probe.program.target;
  const shown = architecture === "x64" ? "x86_64" : architecture;
  const message = `'${name}' is not a valid register on this architecture (${shown})`;
  return probe.error("bad-value", call.span, message);
}
