import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpressionOf } from "../check/checked-program.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { mapArgument, requireMap, withKey } from "./map-access.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";

/** More CPUs than this are gone through in a loop. */
const mostUnrolled = 8;

/** What an aggregation has come to on all CPUs; 0 when there is no such entry. */
export function aggregationValue(
  lowering: Lowering,
  { map: id, keys, part, type }: CheckedExpressionOf<"aggregationValue">,
): IrValue {
  const { builder, target } = lowering;
  const map = requireMap(lowering, id);
  const { value: layout } = map.layout;
  const sum = zeroed(lowering);
  const count = zeroed(lowering);
  const add = (to: VirtualRegister, place: Address): void => {
    builder.emit({
      kind: "binary",
      operation: "add",
      width: 64,
      to,
      left: to,
      right: builder.load(place, 8, false),
    });
  };
  const gather = (place: Address): void => {
    switch (layout.kind) {
      case "min":
      case "max":
        keepExtreme(lowering, { best: sum, isKnown: count }, place, layout);
        break;
      case "avg":
      case "stats":
        add(sum, place);
        add(count, moved(place, 8));
        break;
      default:
        add(sum, place);
    }
  };
  withKey(lowering, map, { keys }, (key) => {
    const look = (cpu: IrValue): void => {
      const next = builder.newLabel("next_cpu");
      const helper = helpers.map_lookup_percpu_elem;
      const place = builder.call(helper, mapArgument(map), pointerTo(key), cpu);
      builder.jumpIf("eq", place, constant(0), next);
      gather(behind(place));
      builder.label(next);
    };
    if (target.possibleCpuCount <= mostUnrolled) {
      for (let cpu = 0; cpu < target.possibleCpuCount; cpu++) look(constant(cpu));
      return;
    }
    const cpu = zeroed(lowering);
    const again = builder.newLabel("cpu");
    builder.label(again);
    look(cpu);
    builder.emit({
      kind: "binary",
      operation: "add",
      width: 64,
      to: cpu,
      left: cpu,
      right: constant(1),
    });
    builder.jumpIf("lt", cpu, constant(target.possibleCpuCount), again);
  });
  if (layout.kind !== "avg" && layout.kind !== "stats") return sum;
  if (part === "count") return count;
  if (part === "total") return sum;
  if (type.kind !== "integer") throw new InternalError("an average that is no integer");
  // By zero: 0.
  return builder.binary(type.isSigned ? "sdiv" : "div", sum, count);
}

function zeroed({ builder }: Lowering): VirtualRegister {
  const register = builder.register();
  builder.move(register, constant(0));
  return register;
}

/** The better of two; the first one that is set counts whatever it is. */
function keepExtreme(
  { builder }: Lowering,
  { best, isKnown }: { readonly best: VirtualRegister; readonly isKnown: VirtualRegister },
  place: Address,
  { kind, isSigned }: { readonly kind: "min" | "max"; readonly isSigned: boolean },
): void {
  const take = builder.newLabel("take");
  const keep = builder.newLabel("keep");
  const isSet = builder.load(moved(place, 8), 8, false);
  builder.jumpIf("eq", isSet, constant(0), keep);
  const value = builder.load(place, 8, false);
  builder.jumpIf("eq", isKnown, constant(0), take);
  const isNoBetter = kind === "min" ? "ge" : "le";
  builder.jumpIf(isSigned ? `s${isNoBetter}` : isNoBetter, value, best, keep);
  builder.label(take);
  builder.move(best, value);
  builder.move(isKnown, constant(1));
  builder.label(keep);
}
