import { formatAddress } from "../output/format-address.js";
import { type Frame, type Value } from "../output/value.js";
import { type PictureFrame } from "./stack-picture.js";

export type StackValue = Extract<Value, { readonly kind: "stack" }>;

/** A stack's frames for a picture: from the outermost to the innermost. */
export function pictureFrames({ space, frames }: StackValue): readonly PictureFrame[] {
  return frames.map((frame) => pictureFrame(frame, space)).reverse();
}

/** Code without a name goes by its file's, or by none: a picture is the clearer for it. */
export function frameName({ address, symbol }: Frame, space: StackValue["space"]): string {
  if (symbol !== undefined) return symbol.name;
  return space === "kernel" ? formatAddress(address) : "[unknown]";
}

function pictureFrame(frame: Frame, space: StackValue["space"]): PictureFrame {
  const { address, symbol } = frame;
  return {
    name: frameName(frame, space),
    kind: space,
    address,
    ...(symbol?.file === undefined ? {} : { file: symbol.file }),
    ...(symbol?.source === undefined ? {} : { source: symbol.source }),
  };
}

/** A frame that groups those above it. */
export function labelFrame(name: string): PictureFrame {
  return { name, kind: "label" };
}
