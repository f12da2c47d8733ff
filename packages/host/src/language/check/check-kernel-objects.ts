import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireConstant } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { type ProbeType } from "./probes/concrete-probe.js";
import { type ProbeState } from "./probe-state.js";
import { describeType, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

/** PATH_MAX (include/uapi/linux/limits.h). */
const longestPath = 4096n;

/** `path(args.filp->f_path)`, `path(p, size)`: the path that a struct path of the kernel's stands for. */
export function checkPath(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1, 2) || argument === undefined) return undefined;
  if (!requireFunctionProbe(probe, call)) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  // Of one that is a member of another structure, where it is.
  const isMember = value.kind === "readMemory" && value.type.kind === "struct";
  const pointer = isMember ? value.pointer : value;
  const pointed = value.type.kind === "pointer" ? value.type.target : value.type;
  const isPath = pointed?.kind === "struct" && pointed.structure.name === "path";
  if (!isPath || (value.type.kind === "struct" && !isMember)) {
    const message = `path() only supports pointer argument of type struct path (${describeType(value.type)} provided)`;
    return probe.error("argument-type", argument.span, message);
  }
  const size =
    call.args.length > 1
      ? requireConstant(probe, call, 1, { from: 1n, to: longestPath })
      : BigInt(probe.program.config.recordStringBytes);
  if (size === undefined) return undefined;
  return {
    kind: "path",
    pointer,
    type: { kind: "string", capacityBytes: Number(size) },
    span: call.span,
  };
}

/** `socket_cookie(args.sk)`: the number that the kernel tells a socket by. */
export function checkSocketCookie(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  if (!requireFunctionProbe(probe, call)) return undefined;
  const value = probe.check(argument);
  if (value === undefined) return undefined;
  const target = value.type.kind === "pointer" ? value.type.target : undefined;
  if (target?.kind !== "struct" || target.structure.name !== "sock") {
    const message = `socket_cookie() only supports pointer argument of type struct sock (${describeType(value.type)} provided)`;
    return probe.error("argument-type", argument.span, message);
  }
  const helper = "get_socket_cookie";
  return {
    kind: "helper",
    helper,
    takesContext: false,
    values: [value],
    type: uint64,
    span: call.span,
  };
}

/** Where the kernel knows what the arguments of functions are: its helpers take nothing else. */
function requireFunctionProbe(probe: ProbeState, call: Call): boolean {
  const { type } = probe.probe;
  const allowed: readonly ProbeType[] = ["fentry", "fexit", "iter"];
  if (allowed.includes(type)) return true;
  const message =
    call.name === "path"
      ? "The path function can only be used with 'fentry', 'fexit', 'iter' probes"
      : `${call.name} can not be used with "${type}" probes`;
  probe.error("wrong-probe", call.span, message, [
    "fentry, fexit and iter have arguments whose types the kernel knows.",
  ]);
  return false;
}
