import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MapSize } from "../../packages/host/src/loader/map-sizes.js";
import { type ObjectFile } from "../../packages/host/src/object/object-file.js";
import { type EmbeddedObject } from "./embedded-objects.js";

/** What the kernel made of a program: its translated instructions, or the errno of its refusal. */
export type Translated =
  | { readonly kind: "loaded"; readonly code: Buffer }
  | { readonly kind: "refused"; readonly errno: number };

/** libbpf as a program (translated.c), which loads each program of an object alone. */
export class LibbpfLoader implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "sonde-libbpf-"));
  readonly #program = join(this.#folder, "translated");

  constructor() {
    const source = new URL("translated.c", import.meta.url).pathname;
    execFileSync("gcc", ["-O1", "-o", this.#program, source, "-lbpf"], { stdio: "pipe" });
  }

  /** By the program's name. */
  load(object: EmbeddedObject): ReadonlyMap<string, Translated> {
    return byName(this.#run(["load", this.#write(object)]));
  }

  /** Programs as they are fitted to types of a kernel, before it sees them; for each object by the program's name. */
  fit(
    types: string,
    objects: readonly EmbeddedObject[],
  ): readonly ReadonlyMap<string, Translated>[] {
    const paths = objects.map((object) => this.#write(object));
    const lines = this.#run(["fit", types, ...paths]);
    return paths.map((path) => byName(lines.filter((line) => line.startsWith(`${path} `))));
  }

  #write({ name, bytes }: EmbeddedObject): string {
    const path = join(this.#folder, name.endsWith(".o") ? name : `${name}.bpf.o`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Programs that are in the kernel, by their ids. */
  show(ids: readonly number[]): readonly Translated[] {
    return this.#run(["show", ...ids.map(String)]).map((line) => read(line.split(" ").slice(1)));
  }

  #run(args: readonly string[]): readonly string[] {
    const text = execFileSync(this.#program, args, {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.split("\n").filter((line) => line !== "");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** BPF_F_NO_PREALLOC (include/uapi/linux/bpf.h). */
const noPreallocation = 1;

/** The sizes that translated.c gives to maps whose object leaves that to the tool. */
export function openSizes({ maps }: ObjectFile): readonly MapSize[] {
  return maps.flatMap((map): MapSize[] => {
    if (map.kind !== "declared") return [];
    const { type, flags, maxEntries, valueSizeBytes } = map.definition;
    const isSized = type !== "perf_event_array" && (flags & noPreallocation) === 0;
    const isSizeless = type === "stack_trace" && valueSizeBytes === 0;
    if ((maxEntries !== 0 || !isSized) && !isSizeless) return [];
    const entries = maxEntries === 0 ? 1024 : maxEntries;
    return [{ map: map.name, entries, ...(isSizeless ? { valueSizeBytes: 127 * 8 } : {}) }];
  });
}

function byName(lines: readonly string[]): ReadonlyMap<string, Translated> {
  return new Map(
    lines.map((line) => {
      const [, program = "", ...rest] = line.split(" ");
      return [program, read(rest)];
    }),
  );
}

function read([word, what = ""]: readonly string[]): Translated {
  return word === "ok"
    ? { kind: "loaded", code: Buffer.from(what, "hex") }
    : { kind: "refused", errno: Number(what) };
}

/** BPF_LD | BPF_IMM | BPF_DW, with BPF_PSEUDO_MAP_FD or BPF_PSEUDO_MAP_VALUE in the source register. */
const wideLoad = 0x18;
const mapSources = [1, 2, 5, 6];

/** Instructions with maps' ids taken out, which differ from one load to the next: a line of hexadecimal digits for each. */
export function normalize(code: Buffer): readonly string[] {
  const copy = Buffer.from(code);
  for (let at = 0; at + 16 <= copy.length; at += 8) {
    if (copy[at] !== wideLoad) continue;
    if (mapSources.includes((copy[at + 1] ?? 0) >> 4)) copy.writeUInt32LE(0, at + 4);
    at += 8;
  }
  return Array.from({ length: copy.length / 8 }, (_, at) =>
    copy.subarray(8 * at, 8 * at + 8).toString("hex"),
  );
}
