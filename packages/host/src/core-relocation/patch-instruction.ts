import { type MachineCode } from "../asm/machine-code.js";
import * as opcode from "../asm/opcode.js";
import { CoreRelocationError } from "./core-relocation-error.js";
import { type Memory, type RelocatedValue } from "./relocated-value.js";
import { type Decision } from "./decide-relocation.js";

/** The helper that stands where a relocation failed, 0xbad2310: a verifier that can reach it names this number. */
export const poisonedCall = 195_896_080;

/** The largest s16. */
const largestOffset = 0x7fff;

/** By BPF_SIZE bits. */
const accessSizes: ReadonlyMap<number, number> = new Map([
  [opcode.BPF_B, 1],
  [opcode.BPF_H, 2],
  [opcode.BPF_W, 4],
  [opcode.BPF_DW, 8],
]);
const sizeMask = 0x18;
const classMask = 0x07;

/**
 * Puts what the target needs into an instruction, or poisons it; gives why it was poisoned. Throws CoreRelocationError for
 * an instruction that does not hold what the compiler says it does.
 */
export function patchInstruction(
  code: MachineCode,
  slot: number,
  { original, relocated }: Decision,
): string | undefined {
  if (relocated === undefined) {
    poison(code, slot);
    return "the target has no such thing";
  }
  const family = code.opcode(slot) & classMask;
  switch (family) {
    case opcode.BPF_ALU:
    case opcode.BPF_ALU64:
      if ((code.opcode(slot) & opcode.BPF_X) !== opcode.BPF_K) {
        throw new CoreRelocationError("its instruction calculates with a register");
      }
      requireValue(BigInt(code.immediate(slot)), original);
      code.setImmediate(slot, Number(BigInt.asIntN(32, relocated.value)));
      return undefined;
    case opcode.BPF_LDX:
    case opcode.BPF_ST:
    case opcode.BPF_STX:
      return patchAccess(code, slot, original, relocated);
    case opcode.BPF_LD:
      patchWideLoad(code, slot, original, relocated);
      return undefined;
    default:
      throw new CoreRelocationError(
        `its instruction, of code 0x${code.opcode(slot).toString(16)}, takes no such value`,
      );
  }
}

function patchAccess(
  code: MachineCode,
  slot: number,
  original: RelocatedValue | undefined,
  relocated: RelocatedValue,
): string | undefined {
  requireValue(BigInt(code.offset(slot)), original);
  if (relocated.value > largestOffset) {
    throw new CoreRelocationError(`${relocated.value} is too far for a load or store`);
  }
  const [before, after] = [original?.memory, relocated.memory];
  const [sizeBefore, sizeAfter] = [before?.sizeBytes ?? 0, after?.sizeBytes ?? 0];
  if (sizeBefore === sizeAfter) {
    code.setOffset(slot, Number(relocated.value));
    return undefined;
  }
  if (!isReadEqually(before, after)) {
    poison(code, slot);
    return `it has ${sizeAfter} bytes there and ${sizeBefore} in the object, which a load cannot make up for`;
  }
  const size = code.opcode(slot) & sizeMask;
  if (accessSizes.get(size) !== sizeBefore) {
    throw new CoreRelocationError(
      `its instruction moves ${accessSizes.get(size) ?? 0} bytes, not ${sizeBefore}`,
    );
  }
  const wanted = [...accessSizes].find(([, bytes]) => bytes === sizeAfter)?.[0];
  if (wanted === undefined) {
    throw new CoreRelocationError(`no load or store moves ${sizeAfter} bytes`);
  }
  code.setOffset(slot, Number(relocated.value));
  code.setOpcode(slot, (code.opcode(slot) & ~sizeMask) | wanted);
  return undefined;
}

/** Pointers of either size, and integers without sign: what is missing above them is zero. */
function isReadEqually(before: Memory | undefined, after: Memory | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const [left, right] = [before.type, after.type];
  if (left.kind === "ptr" && right.kind === "ptr") return true;
  return left.kind === "int" && right.kind === "int" && !left.isSigned && !right.isSigned;
}

function patchWideLoad(
  code: MachineCode,
  slot: number,
  original: RelocatedValue | undefined,
  relocated: RelocatedValue,
): void {
  const isPlain =
    code.isWideLoad(slot) &&
    code.source(slot) === 0 &&
    code.offset(slot) === 0 &&
    code.opcode(slot + 1) === 0 &&
    code.destination(slot + 1) === 0 &&
    code.source(slot + 1) === 0 &&
    code.offset(slot + 1) === 0;
  if (!isPlain) throw new CoreRelocationError("its instruction is no plain load of 64 bits");
  requireValue(code.wideImmediate(slot), original);
  code.setWideImmediate(slot, relocated.value);
}

function requireValue(found: bigint, original: RelocatedValue | undefined): void {
  if (original?.isCertain !== true) return;
  if (BigInt.asUintN(64, found) === BigInt.asUintN(64, original.value)) return;
  throw new CoreRelocationError(`its instruction has ${found} and not ${original.value}`);
}

function poison(code: MachineCode, slot: number): void {
  if (code.isWideLoad(slot)) code.poison(slot + 1, poisonedCall);
  code.poison(slot, poisonedCall);
}
