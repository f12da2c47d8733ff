import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type HelperArgument, type IrValue, type VirtualRegister } from "../ir.js";
import { loopMeans, maximumRounds } from "../loop-means.js";
import { threadAndProcess } from "./builtin.js";
import { frameOffsets, type Frame } from "./frame.js";
import { type Lowering, type WrittenCallback } from "./lowering.js";
import { requireMap } from "./map-access.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { changedVariables, isCallback, type Loop } from "./variable-homes.js";
import { setVariable } from "./variables.js";

type LoopOf<Kind extends Loop["kind"]> = Extract<Loop, { readonly kind: Kind }>;

/** Emits a loop: a call of the helper that calls its body, or jumps. */
export function lowerLoop(lowering: Lowering, loop: Loop): void {
  switch (loop.kind) {
    case "while":
      if (isCallback(loop, lowering.target)) callWhile(lowering, loop);
      else jumpWhile(lowering, loop);
      break;
    case "range":
      if (isCallback(loop, lowering.target)) callRange(lowering, loop);
      else if (loopMeans(lowering.target) === "inline") jumpRange(lowering, loop);
      else unrollRange(lowering, loop);
      break;
    case "entries":
      countEntries(lowering, loop);
      break;
  }
}

/** `break` and `continue`. */
export function lowerJump({ builder, loop }: Lowering, word: "break" | "continue"): void {
  if (loop === undefined) throw new InternalError(`${word} in no loop`);
  builder.jump(word === "break" ? loop.breakLabel : loop.continueLabel);
}

function callWhile(lowering: Lowering, loop: LoopOf<"while">): void {
  const body = lowering.inCallback(loop, {
    parameterCount: 2,
    write: (inner) => {
      inner.jumpUnless(loop.condition, labelsOf(inner).breakLabel);
      inner.statements(loop.body);
    },
  });
  callBack(lowering, loop, { ...body, helper: helpers.loop, first: constant(maximumRounds) });
}

function callRange(lowering: Lowering, loop: LoopOf<"range">): void {
  const { builder } = lowering;
  const { scratch } = loop;
  const frame = frameOf(lowering);
  const end = builder.newLabel("range");
  const first = lowering.value(loop.first);
  const last = lowering.value(loop.last);
  builder.jumpIf("sge", first, last, end);
  lowering.builtins.during(() => {
    const place = frame.layout.firsts.get(loop);
    if (place !== undefined) builder.store(moved(frame.address, place), 8, first);
    const rounds = limited(lowering, builder.binary("sub", last, first));
    const body = lowering.inCallback(loop, {
      parameterCount: 2,
      write: (inner, [index = noRegister()]) => {
        const from =
          place === undefined
            ? first
            : inner.builder.load(moved(frameOf(inner).address, place), 8, false);
        setVariable(inner, scratch, inner.builder.binary("add", index, from));
        inner.statements(loop.body);
      },
    });
    callBack(lowering, loop, { ...body, helper: helpers.loop, first: rounds });
  });
  builder.label(end);
}

/** No more rounds than the helper takes. */
function limited({ builder }: Lowering, rounds: IrValue): IrValue {
  if (rounds.kind === "constant") {
    return rounds.value > maximumRounds ? constant(maximumRounds) : rounds;
  }
  const result = builder.register();
  const ready = builder.newLabel("rounds");
  builder.move(result, rounds);
  builder.jumpIf("le", result, constant(maximumRounds), ready);
  builder.move(result, constant(maximumRounds));
  builder.label(ready);
  return result;
}

/** Goes through a map; gives how many entries there were. */
export function countEntries(lowering: Lowering, loop: LoopOf<"entries">): IrValue {
  const map = requireMap(lowering, loop.map);
  const body = lowering.inCallback(loop, {
    parameterCount: 4,
    write: (inner, [, key = noRegister(), value = noRegister()]) => {
      const offset = frameOf(inner).layout.variables.get(loop.scratch);
      if (offset !== undefined) {
        const place = moved(frameOf(inner).address, offset);
        inner.builder.store(place, 8, key);
        inner.builder.store(moved(place, 8), 8, value);
      }
      inner.statements(loop.body);
    },
    variable: ([, key = noRegister(), value = noRegister()]) => ({
      kind: "entry",
      map: loop.map,
      key: () => behind(key),
      value: () => behind(value),
    }),
  });
  const first = { kind: "map", map: map.layout.map } as const;
  return callBack(lowering, loop, { ...body, helper: helpers.for_each_map_elem, first });
}

/** Calls the helper; what the callbacks may have changed is then unknown to the verifier, as it is before. */
function callBack(
  lowering: Lowering,
  loop: Loop,
  call: WrittenCallback & { readonly helper: number; readonly first: HelperArgument },
): IrValue {
  const { builder } = lowering;
  const frame = frameOf(lowering);
  const callback = { kind: "function", name: call.name } as const;
  blur(lowering, loop);
  const place = pointerTo(frame.address);
  const rounds = builder.call(call.helper, call.first, callback, place, constant(0));
  if (call.canEnd) {
    const isOver = builder.load(moved(frame.address, frameOffsets.isOver), 8, false);
    builder.jumpIf("ne", isOver, constant(0), lowering.endLabel);
  }
  blur(lowering, loop);
  return rounds;
}

/**
 * Makes the verifier forget what it knows of the variables that a loop changes. Kernels before 6.8 look at one round of a callback
 * alone, take what the variables hold before the first for what they always hold, and leave out what they think is never reached;
 * later ones would follow a loop round by round.
 */
function blur(lowering: Lowering, loop: Loop): void {
  const { builder, homes, probe, frame } = lowering;
  const words: { readonly offset: number; readonly count: number }[] = [];
  for (const scratch of changedVariables(loop)) {
    const offset = frame?.layout.variables.get(scratch);
    const type = probe.scratches[scratch]?.type;
    if (offset === undefined || type === undefined) continue;
    // What belongs to a loop begins anew in each round, and an entry is pointers.
    if (homes.homes.get(scratch) === loop || lowering.scratches[scratch]?.kind === "entry")
      continue;
    const sizeBytes = fitsRegister(type) ? 8 : sizeOfValue(valueTypeOf(type));
    words.push({ offset, count: Math.ceil(sizeBytes / 8) });
  }
  if (words.length === 0 || frame === undefined) return;
  // Its highest bit is never set, which the verifier does not know.
  const nothing = builder.binary("arsh", threadAndProcess(lowering), constant(63));
  for (const { offset, count } of words) {
    for (let word = 0; word < count; word++) {
      const place = moved(frame.address, offset + 8 * word);
      const known = builder.load(place, 8, false);
      builder.store(place, 8, builder.binary("xor", known, nothing));
    }
  }
}

function jumpWhile(lowering: Lowering, loop: LoopOf<"while">): void {
  const { builder } = lowering;
  const continueLabel = builder.newLabel("while");
  const breakLabel = builder.newLabel("endwhile");
  const inner = lowering.within({ loop: { breakLabel, continueLabel } });
  lowering.builtins.during(() => {
    builder.label(continueLabel);
    inner.jumpUnless(loop.condition, breakLabel);
    inner.statements(loop.body);
    builder.jump(continueLabel);
  });
  builder.label(breakLabel);
}

function jumpRange(lowering: Lowering, loop: LoopOf<"range">): void {
  const { builder } = lowering;
  const head = builder.newLabel("for");
  const continueLabel = builder.newLabel("continue");
  const breakLabel = builder.newLabel("endfor");
  const inner = lowering.within({ loop: { breakLabel, continueLabel } });
  const number = builder.register();
  const last = builder.register();
  builder.move(number, lowering.value(loop.first));
  builder.move(last, lowering.value(loop.last));
  lowering.builtins.during(() => {
    builder.label(head);
    builder.jumpIf("sge", number, last, breakLabel);
    setVariable(inner, loop.scratch, number);
    inner.statements(loop.body);
    builder.label(continueLabel);
    const right = constant(1);
    builder.emit({ kind: "binary", operation: "add", width: 64, to: number, left: number, right });
    builder.jump(head);
  });
  builder.label(breakLabel);
}

function unrollRange(lowering: Lowering, loop: LoopOf<"range">): void {
  const { builder, builtins } = lowering;
  const { first, last } = loop;
  if (first.kind !== "constant" || last.kind !== "constant") {
    throw new InternalError("a range without bounds is written out");
  }
  const breakLabel = builder.newLabel("endfor");
  builtins.during(() => {
    for (let number = first.value; number < last.value; number++) {
      const continueLabel = builder.newLabel("continue");
      const inner = lowering.within({ loop: { breakLabel, continueLabel } });
      setVariable(inner, loop.scratch, constant(number));
      builtins.during(() => {
        inner.statements(loop.body);
      });
      builder.label(continueLabel);
    }
  });
  builder.label(breakLabel);
}

function frameOf({ frame }: Lowering): Frame {
  if (frame === undefined) throw new InternalError("a callback without a frame");
  return frame;
}

function labelsOf({ loop }: Lowering): NonNullable<Lowering["loop"]> {
  if (loop === undefined) throw new InternalError("a callback without labels");
  return loop;
}

function noRegister(): VirtualRegister {
  throw new InternalError("a callback without a parameter");
}
