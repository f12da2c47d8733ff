import { type MapEvent } from "../output/trace-writer.js";
import { isStackMap, mapSamples } from "./map-samples.js";
import { labelFrame } from "./picture-frames.js";
import { type StackPicture } from "./stack-picture.js";

/** The stacks in a script's maps, each under its map's name when there is more than one; undefined when there are none. */
export function mapsPicture(maps: readonly MapEvent[]): StackPicture | undefined {
  const shown = maps.filter(isStackMap);
  const [only] = shown;
  if (only === undefined) return undefined;
  const names = shown.map(({ name }) => name).join(", ");
  const samples =
    shown.length === 1
      ? mapSamples(only)
      : shown.flatMap((map) =>
          mapSamples(map).map(({ frames, weight }) => ({
            frames: [labelFrame(map.name), ...frames],
            weight,
          })),
        );
  return { title: names, unit: "count", samples };
}
