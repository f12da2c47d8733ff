import { type PictureFrame, type StackPicture, totalWeight } from "./stack-picture.js";

/** A file for speedscope.app: its JSON, with the profile as sampled stacks. */
export function formatSpeedscope({ title, unit, samples }: StackPicture): string {
  const frames: { readonly name: string; readonly file?: string; readonly line?: number }[] = [];
  const places = new Map<string, number>();
  const placeOf = (frame: PictureFrame): number => {
    const { name } = frame;
    const place = sourceOf(frame);
    const key = JSON.stringify([name, place]);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, frames.length);
    return frames.push({ name, ...place }) - 1;
  };
  const profile = {
    type: "sampled",
    name: title,
    unit: unit === "samples" || unit === "calls" || unit === "count" ? "none" : unit,
    startValue: 0,
    endValue: Number(totalWeight({ samples })),
    samples: samples.map((sample) => sample.frames.map(placeOf)),
    weights: samples.map(({ weight }) => Number(weight)),
  };
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name: title,
    exporter: "sonde",
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [profile],
  });
}

/** The line, or where that is not known what the code is in. */
function sourceOf({ source, file }: PictureFrame): {
  readonly file?: string;
  readonly line?: number;
} {
  if (source !== undefined) return { file: source.path, line: source.line };
  return file === undefined ? {} : { file };
}
