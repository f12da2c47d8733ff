import { ProtobufWriter } from "./protobuf-writer.js";
import { type PictureFrame, type StackPicture } from "./stack-picture.js";

/**
 * A profile for pprof, not yet compressed. Field numbers are those of perftools.profiles.Profile (google/pprof,
 * proto/profile.proto).
 */
export function encodePprof(picture: StackPicture, times: PprofTimes): Uint8Array {
  const tables = new Tables();
  const profile = new ProtobufWriter();
  const type = tables.text(picture.unit === "count" ? "value" : picture.unit);
  const unit = tables.text(isCounted(picture.unit) ? "count" : picture.unit);
  profile.message(1, (valueType) => valueType.number(1, type).number(2, unit));
  for (const { frames, weight } of picture.samples) {
    // Innermost first.
    const locations = frames.map((frame) => tables.location(frame)).reverse();
    profile.message(2, (sample) => sample.packed(1, locations).packed(2, [weight]));
  }
  tables.write(profile);
  return profile.number(9, times.startNanoseconds).number(10, times.durationNanoseconds).finish();
}

export interface PprofTimes {
  /** Since 1970. */
  readonly startNanoseconds: bigint;
  readonly durationNanoseconds: bigint;
}

function isCounted(unit: StackPicture["unit"]): boolean {
  return unit === "samples" || unit === "calls" || unit === "count";
}

/** What samples name by number: strings, functions, files, and the places in functions. */
class Tables {
  readonly #texts = new Map<string, number>([["", 0]]);
  readonly #mappings = new Map<string, number>();
  readonly #functions = new Map<string, { readonly id: number; readonly frame: PictureFrame }>();
  readonly #locations = new Map<string, { readonly id: number; readonly frame: PictureFrame }>();

  text(text: string): number {
    return numberOf(this.#texts, text, this.#texts.size);
  }

  location(frame: PictureFrame): number {
    return entryOf(this.#locations, `${frame.address ?? ""} ${functionKey(frame)}`, frame);
  }

  write(profile: ProtobufWriter): void {
    for (const { id, frame } of this.#locations.values()) this.#writeLocation(profile, id, frame);
    for (const [file, id] of this.#mappings) {
      const name = this.text(file);
      // 7: it has functions, so that no reader looks for the file.
      profile.message(3, (mapping) => mapping.number(1, id).number(5, name).number(7, 1));
    }
    for (const { id, frame } of this.#functions.values()) {
      const name = this.text(frame.name);
      const file = this.text(sourceOf(frame) ?? "");
      profile.message(5, (one) =>
        one.number(1, id).number(2, name).number(3, name).number(4, file),
      );
    }
    for (const text of this.#texts.keys()) profile.text(6, text);
  }

  #writeLocation(profile: ProtobufWriter, id: number, frame: PictureFrame): void {
    const file = frame.kind === "kernel" ? "[kernel]" : frame.file;
    const mapping =
      file === undefined ? 0 : numberOf(this.#mappings, file, this.#mappings.size + 1);
    const code = entryOf(this.#functions, functionKey(frame), frame);
    profile.message(4, (location) =>
      location
        .number(1, id)
        .number(2, mapping)
        .number(3, frame.address ?? 0)
        .message(4, (line) => line.number(1, code).number(2, frame.source?.line ?? 0)),
    );
  }
}

/** The source file, or where that is not known what the code is in. */
function sourceOf({ source, file, kind }: PictureFrame): string | undefined {
  return source?.path ?? file ?? (kind === "kernel" ? "[kernel]" : undefined);
}

function functionKey(frame: PictureFrame): string {
  return `${frame.kind} ${sourceOf(frame) ?? ""} ${frame.name}`;
}

function numberOf(numbers: Map<string, number>, key: string, next: number): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, next);
  return next;
}

function entryOf(
  entries: Map<string, { readonly id: number; readonly frame: PictureFrame }>,
  key: string,
  frame: PictureFrame,
): number {
  const known = entries.get(key);
  if (known !== undefined) return known.id;
  const id = entries.size + 1;
  entries.set(key, { id, frame });
  return id;
}
