import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireConstant, requireUnsafe } from "./call-arguments.js";
import { checkBuf } from "./check-bytes.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, int64, uint32 } from "./type.js";

/** `write_user(p, source, n)`: writes n bytes of a value, or of what a pointer points to, into the memory of the process that comes here. */
export function checkWriteUser(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 3) || !requireUnsafe(probe, call)) return undefined;
  const [place, source] = call.args;
  if (place === undefined || source === undefined) return undefined;
  const most = BigInt(probe.program.config.recordStringBytes);
  const size = requireConstant(probe, call, 2, { from: 1n, to: most });
  const address = probe.check(place);
  const bytes = checkBuf(
    probe,
    { ...call, name: "buf", args: [source, ...call.args.slice(2)] },
    probe.recordRoom(),
  );
  if (size === undefined || address === undefined || bytes === undefined) return undefined;
  if (address.type.kind !== "pointer" && address.type.kind !== "integer") {
    const message = `write_user() takes a pointer, not ${describeType(address.type)}`;
    return probe.error("argument-type", place.span, message);
  }
  const { span } = call;
  const length: CheckedExpression = { kind: "constant", value: size, type: uint32, span };
  return {
    kind: "helper",
    helper: "probe_write_user",
    takesContext: false,
    values: [address, bytes, length],
    type: int64,
    span,
  };
}
