import { type ElfSegment } from "../elf/elf-types.js";

/** A part of a file that is loaded, and the address that the file gives it. */
export interface LoadedPart {
  readonly fileOffset: number;
  readonly address: number;
  readonly sizeBytes: number;
}

const loadSegment = 1;
const executeFlag = 1;

/** The parts that code is in. */
export function codeParts(segments: readonly ElfSegment[]): readonly LoadedPart[] {
  return segments
    .filter(({ type, flags }) => type === loadSegment && (flags & executeFlag) !== 0)
    .map(({ fileOffset, address, fileSizeBytes }) => ({
      fileOffset: Number(fileOffset),
      address: Number(address),
      sizeBytes: Number(fileSizeBytes),
    }));
}

/** The address that the file gives to a place in it; undefined when no part has it. */
export function addressOf(parts: readonly LoadedPart[], fileOffset: bigint): number | undefined {
  const offset = Number(fileOffset);
  for (const part of parts) {
    const within = offset - part.fileOffset;
    if (within >= 0 && within < part.sizeBytes) return part.address + within;
  }
  return undefined;
}
