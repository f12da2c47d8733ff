import { helperFlags, helpers } from "../../asm/helpers.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type IrProgram } from "../ir.js";
import { nowHelper, ownMaps } from "./lowering.js";
import { constant, pointerTo, ProgramBuilder } from "./program-builder.js";

export const startProgramName = "sonde_start";

/** A program that is run before all others and keeps the time, from which `elapsed` counts. */
export function lowerStartTime(target: TargetDescription): IrProgram {
  const builder = new ProgramBuilder();
  const key = { kind: "slot", slot: builder.allocateSlot(4, "key"), offset: 0 } as const;
  const value = { kind: "slot", slot: builder.allocateSlot(8, "time"), offset: 0 } as const;
  builder.store(key, 4, constant(0));
  builder.store(value, 8, builder.call(nowHelper(target)));
  builder.callOnly(
    helpers.map_update_elem,
    { kind: "map", map: ownMaps.startTime },
    pointerTo(key),
    pointerTo(value),
    constant(helperFlags.BPF_ANY),
  );
  builder.exit(0n);
  return builder.finish(startProgramName);
}
