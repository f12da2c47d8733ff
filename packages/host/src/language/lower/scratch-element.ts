import { helpers } from "../../asm/helpers.js";
import { type VirtualRegister } from "../ir.js";
import { countLostRecord } from "./loss.js";
import { type Lowering, ownMaps } from "./lowering.js";
import { behind, constant, pointerTo } from "./program-builder.js";

/** How deep runs of one program can preempt each other before their records are counted as lost. */
const claimableElements = 4;

/** Elements of the scratch map that the program needs. */
export function scratchElementCount({ memory }: Lowering): number {
  if (memory.scratchBytes === 0) return 0;
  return memory.use === "claimed" ? claimableElements : 1;
}

/** Emits what makes the scratch register point to an element: the one at `index`, or the first after it that is free. */
export function enterScratch(lowering: Lowering, index: number, failed: string): void {
  const { builder, memory } = lowering;
  if (memory.scratchBytes === 0) return;
  if (memory.use === "own") {
    builder.move(memory.scratchBase, lookUpElement(lowering, index, failed));
    return;
  }
  const claimed = builder.newLabel("claimed");
  for (let element = 0; element < claimableElements; element++) {
    const taken = builder.newLabel("taken");
    const base = lookUpElement(lowering, index + element, failed);
    const before = builder.register();
    builder.emit({
      kind: "exchange",
      to: before,
      address: behind(base),
      size: 8,
      value: constant(1),
    });
    builder.jumpIf("ne", before, constant(0), taken);
    builder.move(memory.scratchBase, base);
    builder.jump(claimed);
    builder.label(taken);
  }
  if (memory.keepsValues) {
    countLostRecord(lowering);
    builder.jump(failed);
  } else {
    builder.move(memory.scratchBase, constant(0));
  }
  builder.label(claimed);
}

/** Emits what gives a claimed element back. */
export function leaveScratch({ builder, memory }: Lowering): void {
  if (memory.scratchBytes === 0 || memory.use !== "claimed") return;
  const none = builder.newLabel("unclaimed");
  builder.jumpIf("eq", memory.scratchBase, constant(0), none);
  builder.store(behind(memory.scratchBase), 8, constant(0));
  builder.label(none);
}

function lookUpElement({ builder }: Lowering, index: number, failed: string): VirtualRegister {
  // On the stack even when that is nearly full: there is nowhere else yet.
  const slot = builder.allocateSlot(4, "index of scratch memory");
  const key = { kind: "slot", slot, offset: 0 } as const;
  builder.store(key, 4, constant(index));
  const value = builder.call(
    helpers.map_lookup_elem,
    { kind: "map", map: ownMaps.scratch },
    pointerTo(key),
  );
  builder.releaseSlot(slot);
  // Never so, but the verifier does not know that.
  builder.jumpIf("eq", value, constant(0), failed);
  return value;
}
