import { type ExpressionOf } from "../syntax/ast.js";
import { requireOnlyText } from "./call-arguments.js";
import { helperValue } from "./check-more-builtins.js";
import { readRegister } from "./check-register.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";
import { uint64, type Type } from "./type.js";

/** The register that says where the processor is, by architecture. */
const counters = ["ip", "pc", "pswaddr"];

/** `uaddr("name")`: where the probed program has a function or variable, wherever it was loaded. */
export function checkUaddr(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  const name = requireOnlyText(probe, call);
  if (name === undefined) return undefined;
  const { attachment, type } = probe.probe;
  const { span } = call;
  if (attachment.kind !== "uprobe") {
    return probe.error("wrong-probe", span, `uaddr can not be used with "${type}" probes`, [
      "uprobe, uretprobe and usdt have a program whose symbols it knows.",
    ]);
  }
  const answer = probe.program.ask({
    kind: "userSymbol",
    file: attachment.path,
    name,
    instruction: attachment.offset.toString(16),
  });
  const distance = answer === undefined ? 0n : answer.distanceBytes;
  if (distance === undefined) {
    const message = `Could not resolve symbol: ${attachment.path}:${name}`;
    return probe.error("unknown-name", span, message);
  }
  const here = probedAddress(probe, attachment.isReturn, span);
  if (here === undefined) {
    return probe.error("not-supported", span, "uaddr() is not known on this architecture");
  }
  const right: CheckedExpression = {
    kind: "constant",
    value: BigInt.asUintN(64, distance),
    type: uint64,
    span,
  };
  const sum: CheckedExpression = {
    kind: "binary",
    operation: "add",
    left: here,
    right,
    type: uint64,
    span,
  };
  const size = Number(answer?.sizeBytes ?? 8n);
  const sizeBytes = size === 1 || size === 2 || size === 4 ? size : 8;
  const target: Type = { kind: "integer", sizeBytes, isSigned: true };
  return convert(sum, { kind: "pointer", space: "user", target }, span);
}

/** Where the probe's instruction is in memory; with `isFunction` where its function is, as a return probe needs. */
export function probedAddress(
  probe: ProbeState,
  isFunction: boolean,
  span: ExpressionOf<"call">["span"],
): CheckedExpression | undefined {
  if (isFunction) {
    const value = helperValue("get_func_ip", uint64, span);
    return value.kind === "helper" ? { ...value, takesContext: true } : value;
  }
  for (const name of counters) {
    const register = readRegister(probe, name, span);
    if (register !== undefined) return register;
  }
  return undefined;
}
