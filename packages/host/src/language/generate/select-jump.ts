import { type JumpCondition } from "../../asm/instruction.js";
import { evaluateCondition, exchangedConditions } from "../arithmetic.js";
import { type IrOperation, type IrValue } from "../ir.js";
import { type MachineOperand, type MachineRegister } from "./machine.js";
import { register, type Selection } from "./selection.js";

type JumpIf = Extract<IrOperation, { readonly kind: "jumpIf" }>;

/** Writes a jump on a condition. `hasJump32`: jumps may compare 32 bits. */
export function selectJump(
  selection: Selection,
  jump: JumpIf,
  { hasJump32 }: { readonly hasJump32: boolean },
): void {
  const { condition, width, left, right, target } = jump;
  if (left.kind === "constant") {
    if (right.kind !== "constant") {
      const exchanged = { condition: exchangedConditions[condition], left: right, right: left };
      selectJump(selection, { ...jump, ...exchanged }, { hasJump32 });
    } else if (evaluateCondition(condition, width, left.value, right.value)) {
      selection.emit({ kind: "jump", target });
    }
  } else if (width === 64 || hasJump32) {
    const leftRegister = selection.inRegister(left);
    const operand = selection.operand(right, width);
    selection.emit({ ...jump, left: leftRegister, right: operand });
  } else {
    const isSigned = isSignedCondition(condition);
    const leftRegister = widened(selection, left, isSigned);
    const operand = widenedOperand(selection, right, isSigned);
    selection.emit({ ...jump, width: 64, left: leftRegister, right: operand });
  }
}

function isSignedCondition(condition: JumpCondition): boolean {
  return condition.startsWith("s") && condition !== "set";
}

function widenedOperand(selection: Selection, value: IrValue, isSigned: boolean): MachineOperand {
  if (value.kind === "virtual") return register(widened(selection, value, isSigned));
  const wide = isSigned ? BigInt.asIntN(32, value.value) : BigInt.asUintN(32, value.value);
  return selection.operand({ kind: "constant", value: wide }, 64);
}

function widened(selection: Selection, value: IrValue, isSigned: boolean): MachineRegister {
  const source = selection.inRegister(value);
  if (isSigned) return selection.signExtended(source, 4);
  const result = selection.fresh();
  selection.alu("mov", result, register(source), 32);
  return result;
}
