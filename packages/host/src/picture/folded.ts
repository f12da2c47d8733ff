import { type StackPicture, type StackSample } from "./stack-picture.js";

/** A line for each stack, "outermost;…;innermost 12": what flame graph programs read. Equal ones are one, the least first. */
export function formatFolded(picture: Pick<StackPicture, "samples">): string {
  return mergeSamples(picture)
    .map((sample) => `${foldedStack(sample)} ${sample.weight}\n`)
    .join("");
}

/** Those that differ in addresses alone as one; the least first. */
export function mergeSamples({ samples }: Pick<StackPicture, "samples">): readonly StackSample[] {
  const merged = new Map<string, StackSample>();
  for (const sample of samples) {
    const stack = foldedStack(sample);
    const weight = sample.weight + (merged.get(stack)?.weight ?? 0n);
    merged.set(stack, { frames: sample.frames, weight });
  }
  return [...merged.values()].sort((left, right) =>
    left.weight < right.weight ? -1 : left.weight > right.weight ? 1 : 0,
  );
}

function foldedStack({ frames }: StackSample): string {
  return frames.map(({ name }) => foldedName(name)).join(";");
}

/** What separates frames and lines is not in a name. */
function foldedName(name: string): string {
  return name.replaceAll(";", ":").replaceAll(/\s+/g, " ");
}
