/** Where a frame of a picture comes from: a name that groups (a process's), code of a process or of the kernel, a line between two stacks. */
export type FrameKind = "label" | "user" | "kernel" | "mark";

export interface PictureFrame {
  readonly name: string;
  readonly kind: FrameKind;
  /** Of code. */
  readonly address?: bigint;
  /** The program or library. */
  readonly file?: string;
  /** What the code was made of, where that is known. */
  readonly source?: { readonly path: string; readonly line: number };
}

/** A stack that was seen. */
export interface StackSample {
  /** From the outermost to the innermost. */
  readonly frames: readonly PictureFrame[];
  /** How often, or how much, in the picture's unit. */
  readonly weight: bigint;
}

export type PictureUnit = "samples" | "calls" | "microseconds" | "nanoseconds" | "bytes" | "count";

/** What flame graphs and files for other viewers are made of. */
export interface StackPicture {
  readonly title: string;
  readonly unit: PictureUnit;
  readonly samples: readonly StackSample[];
}

/** The sum of all weights. */
export function totalWeight({ samples }: Pick<StackPicture, "samples">): bigint {
  return samples.reduce((sum, { weight }) => sum + weight, 0n);
}
