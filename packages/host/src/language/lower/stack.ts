import { helperFlags, helpers } from "../../asm/helpers.js";
import { allocatesOneByOne } from "../../spec/hash-allocation.js";
import { mapFlags, type MapSpec } from "../../spec/map-spec.js";
import { stackMapName, stackRecordBytes } from "../../spec/stack-map.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression } from "../check/checked-program.js";
import { type StackType } from "../../spec/value-type.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { builtin } from "./builtin.js";
import { countRefusedUpdate } from "./loss.js";
import { hasFeature, type Lowering, ownMaps } from "./lowering.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { unwind } from "./unwind.js";

/** Stacks that are kept: as many as maps have keys, and more where memory is taken only for those that are there. */
const storedStacks = { allocatedAtOnce: 4096, allocatedOneByOne: 16_384 };

/** The map that stacks of so many frames are kept in; see spec/stack-map.ts. */
export function stackMapSpec(limit: number, target: TargetDescription): MapSpec {
  const name = stackMapName(limit);
  const maxEntries = storedStacks.allocatedAtOnce;
  if (!hasFeature(target, "get_stack")) {
    const sizes = { keySizeBytes: 4, valueSizeBytes: 8 * limit };
    return { name, type: "stack_trace", ...sizes, maxEntries, flags: 0 };
  }
  const sizes = { keySizeBytes: 8, valueSizeBytes: stackRecordBytes(limit) };
  return allocatesOneByOne(target)
    ? {
        name,
        type: "hash",
        ...sizes,
        maxEntries: storedStacks.allocatedOneByOne,
        flags: mapFlags.noPreallocation,
      }
    : { name, type: "hash", ...sizes, maxEntries, flags: 0 };
}

/** A stack's number, under which it is kept; 0 for an empty one. */
export function stackNumber(lowering: Lowering, type: StackType, isUnwound: boolean): IrValue {
  const { builtins, target } = lowering;
  // It is the same as long as the program runs.
  const kind = isUnwound ? "unwound" : type.mode === "build_id" ? "build_id" : type.space;
  return builtins.get(`${kind} stack ${type.limit}`, () => {
    // Also where there is no stack, so that it is known from here on.
    const process = type.space === "user" ? builtin(lowering, "pid") : constant(0);
    return hasFeature(target, "get_stack")
      ? takeStack(lowering, type, { process, isUnwound })
      : numberOfKernel(lowering, type, process);
  });
}

/** How many frames there are; 0 when the kernel cannot tell. */
export function stackDepth(lowering: Lowering, type: StackType, isUnwound: boolean): IrValue {
  const { builder } = lowering;
  const depth = builder.register();
  const end = builder.newLabel("depth");
  builder.move(depth, constant(0));
  withStackMemory(lowering, stackRecordBytes(type.limit), end, (place) => {
    if (isUnwound) {
      builder.move(depth, unwind(lowering, type.limit, place));
      return;
    }
    const length = builder.call(
      helpers.get_stack,
      pointerTo({ kind: "context", offset: 0 }),
      pointerTo(place),
      constant(8 * type.limit),
      flagsOf(type),
    );
    builder.jumpIf("sle", length, constant(0), end);
    builder.move(depth, builder.binary("rsh", length, constant(type.mode === "build_id" ? 5 : 3)));
  });
  builder.label(end);
  return depth;
}

/** How many frames a stack has that is kept: as many as there are before the first that is zero. */
export function keptStackDepth(lowering: Lowering, stack: CheckedExpression): IrValue {
  const { builder, memory } = lowering;
  if (stack.type.kind !== "stack") throw new InternalError("frames of what is no stack");
  const { limit, mode } = stack.type;
  const number = lowering.value(stack);
  const depth = builder.register();
  const [next, end] = [builder.newLabel("frame"), builder.newLabel("depth")];
  builder.move(depth, constant(0));
  memory.during(8, "stack's number", (key) => {
    builder.store(key, 8, number);
    const map = { kind: "map", map: stackMapName(limit) } as const;
    const frames = builder.call(helpers.map_lookup_elem, map, pointerTo(key));
    builder.jumpIf("eq", frames, constant(0), end);
    builder.label(next);
    const place = builder.advance(frames, builder.binary("lsh", depth, constant(3)));
    builder.jumpIf("eq", builder.load(behind(place), 8, false), constant(0), end);
    const right = constant(1);
    builder.emit({ kind: "binary", operation: "add", width: 64, to: depth, left: depth, right });
    builder.jumpIf("ne", depth, constant(limit), next);
  });
  builder.label(end);
  return mode === "build_id" ? builder.binary("rsh", depth, constant(2)) : depth;
}

function flagsOf({ space, mode }: StackType): IrValue {
  const buildId = mode === "build_id" ? helperFlags.BPF_F_USER_BUILD_ID : 0n;
  return constant((space === "user" ? helperFlags.BPF_F_USER_STACK : 0n) | buildId);
}

/** Before 4.18 the kernel numbers stacks itself. Ours is one higher, with the process in the upper half. */
function numberOfKernel(lowering: Lowering, type: StackType, process: IrValue): IrValue {
  const { builder } = lowering;
  const number = builder.register();
  const refused = builder.newLabel("no_stack");
  const end = builder.newLabel("stack");
  const found = builder.call(
    helpers.get_stackid,
    pointerTo({ kind: "context", offset: 0 }),
    { kind: "map", map: stackMapName(type.limit) },
    flagsOf(type),
  );
  builder.jumpIf("slt", found, constant(0), refused);
  const lowHalf = builder.binary("add", found, constant(1));
  builder.move(number, builder.binary("or", builder.binary("lsh", process, constant(32)), lowHalf));
  builder.label(end);
  builder.aside(() => {
    builder.label(refused);
    builder.move(number, constant(0));
    // -EFAULT: there is no stack of this kind, as of a kernel thread's user part.
    builder.jumpIf("eq", found, constant(-14), end);
    countRefusedUpdate(lowering);
    builder.jump(end);
  });
  return number;
}

/** Copies the stack, and keeps it under a hash of its frames unless it is there already. */
function takeStack(
  lowering: Lowering,
  type: StackType,
  { process, isUnwound }: { readonly process: IrValue; readonly isUnwound: boolean },
): IrValue {
  const { builder } = lowering;
  const number = builder.register();
  const end = builder.newLabel("stack");
  const unavailable = builder.newLabel("no_room");
  builder.move(number, constant(0));
  withStackMemory(lowering, stackRecordBytes(type.limit), unavailable, (place) => {
    const empty = builder.newLabel("no_stack");
    const end = 8 * (type.limit + 1);
    builder.store(moved(place, 8 * type.limit), 8, process);
    builder.zero(moved(place, end), stackRecordBytes(type.limit) - end);
    const length = isUnwound
      ? unwind(lowering, type.limit, place)
      : builder.call(
          helpers.get_stack,
          pointerTo({ kind: "context", offset: 0 }),
          pointerTo(place),
          constant(8 * type.limit),
          flagsOf(type),
        );
    // Kernel threads have no user stack, and what the kernel cannot unwind has none at all.
    builder.jumpIf("sle", length, constant(0), empty);
    builder.move(number, process);
    addFrames(lowering, type, number, place);
    keep(lowering, type, number, place);
    builder.label(empty);
  });
  builder.label(end);
  builder.aside(() => {
    builder.label(unavailable);
    countRefusedUpdate(lowering);
    builder.jump(end);
  });
  return number;
}

/** Memory for a stack, too large for the program's own in nearly every case. */
function withStackMemory(
  lowering: Lowering,
  sizeBytes: number,
  unavailable: string,
  use: (place: Address) => void,
): void {
  const { memory } = lowering;
  if (memory.use === "own" || memory.fitsOnStack(sizeBytes)) {
    memory.during(sizeBytes, "stack", use);
  } else if (memory.use === "claimed") {
    memory.forRecord(sizeBytes, unavailable, use);
  } else {
    inRingMemory(lowering, sizeBytes, unavailable, use);
  }
}

/** A record that is thrown away is memory of this run's alone. */
function inRingMemory(
  { builder }: Lowering,
  sizeBytes: number,
  unavailable: string,
  use: (place: Address) => void,
): void {
  const place = builder.call(
    helpers.ringbuf_reserve,
    { kind: "map", map: ownMaps.events },
    constant(sizeBytes),
    constant(0),
  );
  builder.jumpIf("eq", place, constant(0), unavailable);
  use(behind(place));
  builder.callOnly(helpers.ringbuf_discard, place, constant(0));
}

/** Odd, with bits all over: the golden ratio's, as the kernel's hash_64() has (include/linux/hash.h). */
const multiplier = 0x61c8_8646_80b5_83ebn;
const framesPerStep = 4;

/** Makes a hash of the process a hash of the frames too: 64 bits, so that no two of some thousands of stacks are alike. */
function addFrames(
  lowering: Lowering,
  { limit }: StackType,
  hash: VirtualRegister,
  place: Address,
): void {
  const { builder, target } = lowering;
  const factor = builder.register();
  const hashed = builder.newLabel("hashed");
  builder.move(factor, constant(multiplier));
  const mix = (frame: VirtualRegister): void => {
    for (const [operation, right] of [
      ["xor", frame],
      ["mul", factor],
    ] as const) {
      builder.emit({ kind: "binary", operation, width: 64, to: hash, left: hash, right });
    }
  };
  /** Frames after the last one are zero, and count as far as the step goes. */
  const step = (at: Address): void => {
    for (let frame = 0; frame < framesPerStep; frame++) {
      const address = builder.load(moved(at, 8 * frame), 8, false);
      if (frame === 0) builder.jumpIf("eq", address, constant(0), hashed);
      mix(address);
    }
  };
  const steps = stackRecordBytes(limit) / (8 * framesPerStep);
  if (steps === 1 || !hasFeature(target, "bounded_loops")) {
    for (let at = 0; at < steps; at++) step(moved(place, 8 * framesPerStep * at));
  } else {
    repeat(lowering, steps, place, step);
  }
  builder.label(hashed);
}

function repeat(
  { builder }: Lowering,
  steps: number,
  place: Address,
  step: (at: Address) => void,
): void {
  const position = builder.register();
  const remaining = builder.register();
  const next = builder.newLabel("frames");
  builder.move(position, builder.addressOf(place));
  builder.move(remaining, constant(steps));
  builder.label(next);
  step(behind(position));
  for (const [register, operation, by] of [
    [position, "add", 8 * framesPerStep],
    [remaining, "sub", 1],
  ] as const) {
    const right = constant(by);
    builder.emit({ kind: "binary", operation, width: 64, to: register, left: register, right });
  }
  builder.jumpIf("ne", remaining, constant(0), next);
}

/** Keeps the stack. When the map is full its number becomes that of an empty one. */
function keep(
  lowering: Lowering,
  { limit }: StackType,
  number: VirtualRegister,
  place: Address,
): void {
  const { builder, memory } = lowering;
  const map = { kind: "map", map: stackMapName(limit) } as const;
  const absent = builder.newLabel("new_stack");
  const kept = builder.newLabel("kept");
  memory.during(8, "stack's number", (key) => {
    builder.store(key, 8, number);
    const found = builder.call(helpers.map_lookup_elem, map, pointerTo(key));
    builder.jumpIf("eq", found, constant(0), absent);
    builder.label(kept);
    builder.aside(() => {
      builder.label(absent);
      const result = builder.call(
        helpers.map_update_elem,
        map,
        pointerTo(key),
        pointerTo(place),
        constant(helperFlags.BPF_ANY),
      );
      builder.jumpIf("eq", result, constant(0), kept);
      builder.move(number, constant(0));
      countRefusedUpdate(lowering);
      builder.jump(kept);
    });
  });
}
