import { type AccessSize } from "../../asm/instruction.js";
import { type Address } from "../ir.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { constant, moved, pointerTo } from "./program-builder.js";

/** More loads and stores than this are left to a helper. */
const copyLimit = 32;

/** Copies memory of ours (stack, maps, records) from one place to another. */
export function copyMemory(
  lowering: Lowering,
  from: Address,
  to: Address,
  sizeBytes: number,
): void {
  const { builder, target } = lowering;
  const pieces = cutAligned(sizeBytes, from.offset, to.offset);
  if (pieces.length > copyLimit) {
    const reader = memoryReader(target, "kernel");
    builder.callOnly(reader, pointerTo(to), constant(sizeBytes), pointerTo(from));
    return;
  }
  for (const { offset, size } of pieces) {
    builder.store(moved(to, offset), size, builder.load(moved(from, offset), size, false));
  }
}

/** Makes memory of ours zero. */
export function zeroMemory(lowering: Lowering, address: Address, sizeBytes: number): void {
  const { builder, target } = lowering;
  if (cutAligned(sizeBytes, address.offset).length <= copyLimit) {
    builder.zero(address, sizeBytes);
    return;
  }
  // The helper makes all zero that it cannot read, and at address 0 there is nothing to read.
  const reader = memoryReader(target, "kernel");
  builder.callOnly(reader, pointerTo(address), constant(sizeBytes), constant(0));
}

/** Writes bytes that are known now, and zeros behind them. */
export function storeBytes(
  lowering: Lowering,
  text: Uint8Array,
  to: Address,
  sizeBytes: number = text.length,
): void {
  const { builder, target } = lowering;
  const isLittle = target.byteOrder === "little";
  const length = Math.min(sizeBytes, Math.ceil(text.length / 8) * 8);
  const bytes = new Uint8Array(length);
  bytes.set(text);
  zeroMemory(lowering, moved(to, length), sizeBytes - length);
  for (const { offset, size } of cutAligned(length, to.offset)) {
    const value = readInteger(bytes.subarray(offset, offset + size), isLittle);
    builder.store(moved(to, offset), size, constant(value));
  }
}

export interface Piece {
  readonly offset: number;
  readonly size: AccessSize;
}

/**
 * Cuts memory into the largest pieces that are aligned at every one of the given starts. What they are offsets of
 * (slots, map values, ring records) begins at a multiple of 8.
 */
export function cutAligned(sizeBytes: number, ...starts: readonly number[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let offset = 0;
  while (offset < sizeBytes) {
    const here = offset;
    const size = ([8, 4, 2] as const).find(
      (width) => width <= sizeBytes - here && starts.every((start) => (start + here) % width === 0),
    );
    pieces.push({ offset, size: size ?? 1 });
    offset += size ?? 1;
  }
  return pieces;
}

/** An unsigned integer from its bytes in the target's order. */
export function readInteger(bytes: Uint8Array, isLittle: boolean): bigint {
  let value = 0n;
  for (const byte of isLittle ? [...bytes].reverse() : bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
