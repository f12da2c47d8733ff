import { expect } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { BtfError } from "../../packages/host/src/btf/btf-error.js";
import { type Btf, openBtf } from "../../packages/host/src/btf/btf.js";
import { formatCTypes } from "../../packages/host/src/btf/c-declarations.js";
import { buildObjectSpec, fitObject } from "../../packages/host/src/object/build-spec.js";
import { describeFile } from "../../packages/host/src/object/describe-file.js";
import { readableMaps } from "../../packages/host/src/object/object-layout.js";
import { ObjectError } from "../../packages/host/src/object/object-error.js";
import { parseObject } from "../../packages/host/src/object/parse-object.js";
import { selectPrograms } from "../../packages/host/src/object/select-programs.js";
import { subsetTypes } from "../../packages/host/src/object/type-subset.js";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { requiresCommand } from "../support/requires.js";
import { type EmbeddedObject, embeddedObjects } from "./embedded-objects.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
const runs = 20_000 * scale;
const seed = Number(process.env["SONDE_FUZZ_SEED"] ?? 1);

/** Small ones of several kinds: hash maps and globals, perf buffers, fields of the kernel's structures. */
const names = ["bashreadline", "biopattern", "llcstat"];
const paths = names.map((name) => `/usr/sbin/${name}`).filter((path) => existsSync(path));
const kernelBtf = "/sys/kernel/btf/vmlinux";

/** Repeatable: the same numbers for the same seed (xorshift). */
class Chance {
  #state: number;
  constructor(start: number) {
    const seed = start | 0;
    this.#state = seed === 0 ? 1 : seed;
  }
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }
}

const telling = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1000_0000];

function mutate(original: Uint8Array, chance: Chance): Uint8Array {
  // Of a Buffer, `slice` would give a view of the same bytes.
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  for (let count = 1 + chance.below(4); count > 0; count--) {
    const at = chance.below(Math.max(1, bytes.length - 8));
    switch (chance.below(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
        break;
      case 1:
        bytes[at] = chance.below(256);
        break;
      case 2:
        view.setUint32(at & ~3, telling[chance.below(telling.length)] ?? 0, true);
        break;
      case 3: {
        const from = chance.below(bytes.length - 8);
        bytes.copyWithin(at, from, from + 1 + chance.below(16));
        break;
      }
      default:
        if (chance.below(8) === 0) return bytes.slice(0, at);
        view.setUint16(at & ~1, chance.below(65_536), true);
    }
  }
  return bytes;
}

/** What becomes of an object: its instructions, or the reason why there are none. */
async function outcomeOf(object: Uint8Array, name: string, target: Uint8Array): Promise<string> {
  try {
    const types: Btf = openBtf(target);
    const file = await parseObject(object, `${name}.bpf.o`);
    describeFile(file);
    const selection = selectPrograms(file, {});
    const known = { types: { kernel: types, modules: [] }, addressOf: () => 0x1000n };
    const { spec } = buildObjectSpec(file, selection, fitObject(file, selection, known), {
      target: linux618x64,
      settings: {
        configuration: "",
        versionCode: 0x06_12_00,
        hasAttachCookie: true,
        hasSyscallWrapper: true,
      },
      attachments: [],
    });
    readableMaps(file, spec);
    const codes = spec.programs.map(({ finished }) =>
      Buffer.from(finished?.bytes ?? []).toString("hex"),
    );
    return `loads ${codes.join()}`;
  } catch (error) {
    if (error instanceof ObjectError || error instanceof BtfError) {
      expect(error.message).not.toBe("");
      return `refused: ${error.message}`;
    }
    throw error;
  }
}

requiresCommand("bpftool", "libbpf-tools bpftool")(
  "damaged objects and damaged types are refused for a reason, or fitted the same way each time",
  async () => {
    expect(paths).toHaveLength(names.length);
    const objects = paths.flatMap((path): readonly EmbeddedObject[] => embeddedObjects(path));
    const files = await Promise.all(objects.map(({ bytes, name }) => parseObject(bytes, name)));
    const smallest = subsetTypes(openBtf(readFileSync(kernelBtf)), files);
    // With the small BTF they are fitted as with all of it.
    const whole = readFileSync(kernelBtf);
    for (const { bytes, name } of objects) {
      const outcome = await outcomeOf(bytes, name, smallest);
      expect(outcome).toMatch(/^loads /);
      expect(await outcomeOf(bytes, name, whole)).toBe(outcome);
    }
    const [first] = objects;
    if (first === undefined) throw new Error("there are no objects");
    const chance = new Chance(seed);
    let [loaded, refused] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const { bytes, name } = objects[run % objects.length] ?? first;
      const isOfTypes = chance.below(3) === 0;
      const object = isOfTypes ? new Uint8Array(bytes) : mutate(bytes, chance);
      const types = isOfTypes ? mutate(smallest, chance) : smallest;
      const outcome = await outcomeOf(object, name, types);
      if (run % 50 === 0) expect(await outcomeOf(object, name, types)).toBe(outcome);
      if (outcome.startsWith("loads")) loaded++;
      else refused++;
      if (isOfTypes && run % 7 === 0) formatted(types);
    }
    // Both happen, or the mutations are not what they should be.
    expect(loaded).toBeGreaterThan(runs / 20);
    expect(refused).toBeGreaterThan(runs / 20);
  },
  600_000 * scale,
);

function formatted(types: Uint8Array): void {
  try {
    formatCTypes(openBtf(types));
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
  }
}
