import { type CheckedProbe } from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { type Loop, type VariableHomes } from "./variable-homes.js";

/** Memory on a program's own stack that its callbacks get a pointer to: what both have to know. */
export interface Frame {
  readonly address: Address;
  readonly layout: FrameLayout;
}

export interface FrameLayout {
  readonly sizeBytes: number;
  /** Offsets of shared variables, by scratch id. */
  readonly variables: ReadonlyMap<number, number>;
  /** Offsets in the scratch map's element of shared variables that are kept there. */
  readonly inScratch: ReadonlyMap<number, number>;
  /** Offsets of what ranges begin with. */
  readonly firsts: ReadonlyMap<Loop, number>;
}

/** Every frame begins with these, of 8 bytes each. */
export const frameOffsets = {
  /** The program's context. */
  context: 0,
  /** The element of the scratch map. */
  scratchBase: 8,
  /** Not 0 when a callback has ended the program. */
  isOver: 16,
} as const;

const fixedBytes = 24;
/** Numbers that are kept there, so that much of the stack is left for others. */
const mostInFrame = 16;

/** `undefined`: the program has no callbacks. `inScratch` gives a place in the scratch map, if there may be one. */
export function layOutFrame(
  { scratches }: CheckedProbe,
  { callbacks, shared, entries }: VariableHomes,
  takeScratch: (sizeBytes: number) => number | undefined,
): FrameLayout | undefined {
  if (callbacks.length === 0) return undefined;
  let sizeBytes = fixedBytes;
  const take = (bytes: number): number => {
    const offset = sizeBytes;
    sizeBytes += Math.ceil(bytes / 8) * 8;
    return offset;
  };
  const variables = new Map<number, number>();
  const inScratch = new Map<number, number>();
  for (const scratch of shared) {
    const type = scratches[scratch]?.type;
    if (type === undefined) continue;
    if (entries.has(scratch)) {
      // Its two pointers.
      variables.set(scratch, take(16));
    } else {
      const isSmall = fitsRegister(type);
      const bytes = isSmall ? 8 : sizeOfValue(valueTypeOf(type));
      const place = isSmall && variables.size < mostInFrame ? undefined : takeScratch(bytes);
      if (place === undefined) variables.set(scratch, take(bytes));
      else inScratch.set(scratch, place);
    }
  }
  const firsts = new Map<Loop, number>();
  for (const loop of callbacks) {
    if (loop.kind === "range" && loop.first.kind !== "constant") firsts.set(loop, take(8));
  }
  return { sizeBytes, variables, inScratch, firsts };
}
