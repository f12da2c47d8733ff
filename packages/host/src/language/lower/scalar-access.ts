import { type AccessSize } from "../../asm/instruction.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type Type } from "../check/type.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";

/** How a value of this type that fits in a register is loaded and stored. */
export function accessOf(type: Type): { readonly size: AccessSize; readonly isSigned: boolean } {
  switch (type.kind) {
    case "integer":
      return { size: type.sizeBytes, isSigned: type.isSigned };
    case "boolean":
      return { size: 1, isSigned: false };
    case "name":
    case "username":
      return { size: 4, isSigned: false };
    case "pointer":
    case "ksym":
    case "timestamp":
    case "stack":
    case "code":
    case "controlGroup":
      return { size: 8, isSigned: false };
    case "string":
    case "usym":
    case "tuple":
    case "array":
    case "struct":
    case "bytes":
    case "aggregation":
    case "none":
      throw new InternalError(`a ${type.kind} in a register`);
    default:
      return assertNever(type);
  }
}

/**
 * Loads a value as it stands in memory: in that of ours, or, when `sizeBytes` says how large it is there, as it lies in the
 * target's.
 */
export function loadScalar(
  { builder }: Lowering,
  place: Address,
  type: Type,
  sizeBytes?: number,
): IrValue {
  const { size, isSigned } = accessOf(type);
  return builder.load(place, sizeBytes === undefined ? size : accessSize(sizeBytes), isSigned);
}

/** Throws InternalError for what no single load reads. */
export function accessSize(sizeBytes: number): AccessSize {
  if (sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 || sizeBytes === 8) return sizeBytes;
  throw new InternalError(`a load of ${sizeBytes} bytes`);
}

export function storeScalar(
  { builder }: Lowering,
  place: Address,
  type: Type,
  value: IrValue,
): void {
  builder.store(place, accessOf(type).size, value);
}
