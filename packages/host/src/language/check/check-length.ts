import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments } from "./call-arguments.js";
import { checkKeys, readMap, requireAssigned } from "./check-place.js";
import { noDefinition } from "../syntax/expand-macros.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { coerce } from "./coerce.js";
import { entryType } from "./entry-type.js";
import { layOutMap } from "./map-layout.js";
import { type ProbeState } from "./probe-state.js";
import { slotOf } from "./slot.js";
import { boolean, describeType, int64, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;

/** `len(@m)`, `len(kstack)`: entries of a map, frames of a stack. */
export function checkLen(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1) || argument === undefined) return undefined;
  const { span } = call;
  if (argument.kind !== "map" || argument.keys.length > 0) {
    const value = probe.check(argument);
    if (value === undefined) return undefined;
    if (value.type.kind === "stack" && value.kind === "stack") {
      const { isUnwound } = value;
      return { kind: "stackDepth", isUnwound, stack: value.type, type: int64, span };
    }
    if (value.type.kind === "stack" && probe.program.target.features.includes("bounded_loops")) {
      return { kind: "keptStackDepth", stack: value, type: int64, span };
    }
    return probe.error("argument-type", span, "call to len() expects a map, ustack, or kstack");
  }
  const state = requireAssigned(probe, argument.name, argument.nameSpan);
  if (state === undefined) return undefined;
  const { maps, target, config } = probe.program;
  if (state.keys?.slots.length === 0) {
    const message = "call to len() expects a map with explicit keys (non-scalar map)";
    return probe.error("argument-type", span, message);
  }
  if (!target.features.includes("for_each_map_elem")) {
    const message = `len() of a map needs Linux 5.13, the target has ${target.release}`;
    return probe.error("not-supported", span, message);
  }
  const map = layOutMap(state, config.maximumMapKeys, target);
  const scratch = probe.temporary(span, entryType(map));
  const loop = {
    kind: "entries",
    scratch: scratch.id,
    map: maps.idOf(argument.name),
    body: [],
    span,
  } as const;
  return { kind: "mapLength", loop, type: uint64, span };
}

/** `find(@m, key, $value)`: whether there is such an entry; its value is then in the variable. */
export function checkFind(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 3)) return undefined;
  const [map, key, variable] = call.args;
  if (map?.kind !== "map" || map.keys.length > 0 || key === undefined) {
    const hints = ["It takes a map, a key and a variable."];
    return probe.error("argument-type", call.span, noDefinition(call.name), hints);
  }
  if (variable?.kind !== "scratch") {
    const hints = ["It puts what it finds into a variable: $value."];
    return probe.error("argument-type", call.span, noDefinition(call.name), hints);
  }
  const keys = checkKeys(probe, map.name, [key], call.span);
  if (keys === undefined || requireAssigned(probe, map.name, map.nameSpan) === undefined) {
    return undefined;
  }
  const value = readMap(probe, { ...map, keys: [key] });
  if (value === undefined) return undefined;
  if (value.type.kind === "aggregation") {
    const message = `Value '${describeType(value.type)}' cannot be assigned to a scratch variable.`;
    return probe.error("type-mismatch", call.span, message);
  }
  const scratch =
    probe.findScratch(variable.name) ?? probe.declareScratch(variable.name, variable.span);
  scratch.isAssigned = true;
  if (!probe.mergeScratch(scratch, slotOf(value), variable.span)) return undefined;
  const { span } = call;
  const type = scratch.slot?.type ?? value.type;
  const isThere: CheckedExpression = {
    kind: "hasKey",
    map: probe.program.maps.idOf(map.name),
    keys,
    type: boolean,
    span,
  };
  const assign: CheckedStatement = {
    kind: "assign",
    target: { kind: "scratch", scratch: scratch.id, type },
    operation: undefined,
    value: coerce(value, type),
    span,
  };
  return {
    kind: "block",
    statements: [{ kind: "if", condition: isThere, then: [assign], otherwise: [], span }],
    value: isThere,
    type: boolean,
    span,
  };
}
