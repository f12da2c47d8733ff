import { type Instruction } from "../../asm/instruction.js";
import { oppositeConditions } from "../arithmetic.js";

/**
 * Leaves out jumps to the next instruction, turns a jump over a jump round, lets jumps to jumps go to the end at once, and
 * drops labels that nobody names. Repeats until nothing changes.
 */
export function tidyJumps(instructions: readonly Instruction[]): readonly Instruction[] {
  let current = instructions;
  for (;;) {
    const next = withoutIdleLabels(withoutIdleJumps(withDirectJumps(current)));
    if (next.length === current.length) return next;
    current = next;
  }
}

/** What stands at each label, past other labels. */
function instructionsAtLabels(
  instructions: readonly Instruction[],
): ReadonlyMap<string, Instruction> {
  const found = new Map<string, Instruction>();
  let waiting: string[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === "label") {
      waiting.push(instruction.name);
    } else {
      for (const name of waiting) found.set(name, instruction);
      waiting = [];
    }
  }
  return found;
}

function withDirectJumps(instructions: readonly Instruction[]): readonly Instruction[] {
  const atLabels = instructionsAtLabels(instructions);
  const finalTarget = (name: string): string => {
    const seen = new Set<string>();
    let target = name;
    for (;;) {
      const there = atLabels.get(target);
      if (there?.kind !== "jump" || seen.has(target)) return target;
      seen.add(target);
      target = there.target;
    }
  };
  return instructions.map((instruction) =>
    instruction.kind === "jump" || instruction.kind === "jumpIf"
      ? { ...instruction, target: finalTarget(instruction.target) }
      : instruction,
  );
}

function withoutIdleJumps(instructions: readonly Instruction[]): readonly Instruction[] {
  const kept: Instruction[] = [];
  let index = 0;
  let isReachable = true;
  while (index < instructions.length) {
    const instruction = instructions[index];
    const next = instructions[index + 1];
    index++;
    if (instruction === undefined) continue;
    if (instruction.kind === "label") isReachable = true;
    if (!isReachable) continue;
    if (instruction.kind === "jump" || instruction.kind === "jumpIf") {
      if (labelsAt(instructions, index).has(instruction.target)) continue;
    }
    if (
      instruction.kind === "jumpIf" &&
      next?.kind === "jump" &&
      labelsAt(instructions, index + 1).has(instruction.target)
    ) {
      const condition = oppositeConditions[instruction.condition];
      if (condition !== undefined) {
        kept.push({ ...instruction, condition, target: next.target });
        index++;
        continue;
      }
    }
    kept.push(instruction);
    if (instruction.kind === "jump" || instruction.kind === "exit") isReachable = false;
  }
  return kept;
}

/** Names of the labels that stand at a place. */
function labelsAt(instructions: readonly Instruction[], place: number): ReadonlySet<string> {
  const names = new Set<string>();
  for (let index = place; index < instructions.length; index++) {
    const instruction = instructions[index];
    if (instruction?.kind !== "label") break;
    names.add(instruction.name);
  }
  return names;
}

function withoutIdleLabels(instructions: readonly Instruction[]): readonly Instruction[] {
  const named = new Set<string>();
  for (const instruction of instructions) {
    if (instruction.kind === "jump" || instruction.kind === "jumpIf") named.add(instruction.target);
  }
  return instructions.filter(
    (instruction) => instruction.kind !== "label" || named.has(instruction.name),
  );
}
