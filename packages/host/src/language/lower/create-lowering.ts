import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression } from "../check/checked-program.js";
import { branch } from "./condition.js";
import { frameOffsets } from "./frame.js";
import {
  type CallbackBody,
  KnownValues,
  type Lowering,
  type LoweringParts,
  type WrittenCallback,
} from "./lowering.js";
import { behind, moved, ProgramBuilder } from "./program-builder.js";
import { lowerStatements } from "./statement.js";
import { storeValue } from "./store.js";
import { TemporaryMemory } from "./temporary-memory.js";
import { lowerValue } from "./value.js";
import { writeWarning } from "./warn.js";
import { type Loop } from "./variable-homes.js";
import { clearVariables, placeVariables } from "./variables.js";

/** Puts the walkers to what they share. */
export function createLowering(parts: LoweringParts): Lowering {
  const lowering: Lowering = {
    ...parts,
    value: (expression: CheckedExpression) => lowerValue(lowering, expression),
    statements: (statements) => {
      lowerStatements(lowering, statements);
    },
    jumpUnless: (condition, label) => {
      branch(lowering, condition, label, { when: false });
    },
    store: (expression, type, address) => {
      storeValue(lowering, expression, type, address);
    },
    warn: (span, warning, code) => {
      writeWarning(lowering, span, warning, code);
    },
    within: (changes) => createLowering({ ...parts, ...changes }),
    inCallback: (loop, body) => writeCallback(lowering, loop, body),
  };
  return lowering;
}

/** A function of its own, with registers, stack and labels of its own; what it shares with others is behind its last parameter. */
function writeCallback(outer: Lowering, loop: Loop, body: CallbackBody): WrittenCallback {
  const { callbacks, frame: outerFrame, memory: outerMemory } = outer;
  if (outerFrame === undefined) throw new InternalError("a callback without a frame");
  const name = callbacks.begin(loop.kind === "while" ? "while" : "for");
  const builder = new ProgramBuilder(name);
  const { parameterCount } = body;
  const parameters = Array.from({ length: parameterCount }, () => builder.register());
  const framePointer = parameters[parameterCount - 1];
  if (framePointer === undefined) throw new InternalError("a callback without parameters");
  const frame = { address: behind(framePointer), layout: outerFrame.layout };
  const { use, stackBudgetBytes } = outerMemory;
  const memory = new TemporaryMemory(builder, { use, stackBudgetBytes, outer: outerMemory });
  const scratches = [...placeVariables({ ...outer, home: loop, builder, memory, frame })];
  if (body.variable !== undefined && loop.kind !== "while") {
    scratches[loop.scratch] = body.variable(parameters);
  }
  const [continueLabel, breakLabel, endLabel] = ["continue", "break", "end"].map((purpose) =>
    builder.newLabel(purpose),
  );
  if (continueLabel === undefined || breakLabel === undefined || endLabel === undefined) {
    throw new InternalError("a callback without labels");
  }
  const inner = createLowering({
    ...outer,
    ...{ builder, memory, scratches, frame, name, endLabel, loop: { continueLabel, breakLabel } },
    builtins: new KnownValues(),
  });
  clearVariables(inner, outer.homes, loop);
  body.write(inner, parameters);
  builder.label(continueLabel);
  builder.exit(0n);
  builder.label(endLabel);
  const isOver = moved(frame.address, frameOffsets.isOver);
  builder.store(isOver, 8, { kind: "constant", value: 1n });
  builder.label(breakLabel);
  builder.exit(1n);
  builder.insertAt(0, () => {
    parameters.forEach((to, index) => {
      builder.emit({ kind: "parameter", to, index });
    });
    if (!memory.usesBase) return;
    const base = builder.load(moved(frame.address, frameOffsets.scratchBase), 8, false);
    builder.move(memory.scratchBase, base);
  });
  const { operations, slots } = builder.finish(name);
  const { context: contextOffset } = frameOffsets;
  callbacks.end({ name, operations, slots, parameterCount, contextOffset, caller: outer.name });
  return { name, canEnd: builder.isTarget(endLabel) };
}
