import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ElfError } from "../../src/elf/elf-error.js";
import { parseLdSoCache, resolveLibrary } from "../../src/elf/ld-so-cache.js";

const libraries = [
  ["libcap.so.2", "/lib/libcap.so.2"],
  ["libc.so.6", "/lib/libc.so.6"],
  ["libssl.so", "/usr/lib/libssl.so"],
  ["libssl.so.3", "/usr/lib/libssl.so.3"],
] as const;

interface CachePlan {
  readonly byteOrder?: "little" | "big";
  /** The flag byte that tells the byte order; 0 before glibc 2.33. */
  readonly flag?: number;
  readonly before?: readonly number[];
}

function cacheOf({ byteOrder = "little", flag = 2, before = [] }: CachePlan = {}): Uint8Array {
  const little = byteOrder === "little";
  const strings: number[] = [];
  const stringsAt = 48 + 24 * libraries.length;
  const offsetOf = (text: string): number => {
    const offset = stringsAt + strings.length;
    strings.push(...new TextEncoder().encode(text), 0);
    return offset;
  };
  const head = new Uint8Array(stringsAt);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("glibc-ld.so.cache1.1"));
  view.setUint32(20, libraries.length, little);
  view.setUint8(28, flag);
  for (const [at, [name, path]] of libraries.entries()) {
    view.setInt32(48 + 24 * at, 0x303, little);
    view.setUint32(52 + 24 * at, offsetOf(name), little);
    view.setUint32(56 + 24 * at, offsetOf(path), little);
  }
  view.setUint32(24, strings.length, little);
  return Uint8Array.of(...before, ...head, ...strings);
}

describe("parseLdSoCache", () => {
  test.each<[string, CachePlan]>([
    ["little-endian", {}],
    ["big-endian", { byteOrder: "big", flag: 3 }],
    ["little-endian without a flag", { flag: 0 }],
    ["big-endian without a flag", { byteOrder: "big", flag: 0 }],
  ])("reads a cache that is %s", (_, plan) => {
    expect(parseLdSoCache(cacheOf(plan))).toEqual(
      libraries.map(([name, path]) => ({ name, path })),
    );
  });

  test("reads a cache behind one of the old format", () => {
    const old = new Uint8Array(16 + 12 + 4);
    old.set(new TextEncoder().encode("ld.so-1.7.0"));
    new DataView(old.buffer).setUint32(12, 1, true);
    expect(parseLdSoCache(cacheOf({ before: [...old] }))).toHaveLength(libraries.length);
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["another file", new TextEncoder().encode("root:x:0:0:root:/root:/bin/bash\n")],
    ["only a part", cacheOf().subarray(0, 60)],
    ["no string's end", cacheOf().subarray(0, cacheOf().length - 1)],
  ])("refuses %s", (_, bytes) => {
    expect(() => parseLdSoCache(bytes)).toThrow(ElfError);
  });

  test("raises ElfError and nothing else, whatever its bytes", () => {
    const good = cacheOf();
    const mutation = fc.record({
      at: fc.nat({ max: good.length - 1 }),
      byte: fc.nat({ max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), (mutations) => {
        const bytes = good.slice();
        for (const { at, byte } of mutations) bytes[at] = byte;
        try {
          parseLdSoCache(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ElfError);
        }
      }),
    );
  });
});

describe("resolveLibrary", () => {
  const known = parseLdSoCache(cacheOf());

  test.each([
    ["libc", "/lib/libc.so.6"],
    ["libc.so.6", "/lib/libc.so.6"],
    ["libcap", "/lib/libcap.so.2"],
    ["libssl", "/usr/lib/libssl.so"],
    ["libssl.so.3", "/usr/lib/libssl.so.3"],
    ["lib", undefined],
    ["libssl.so.3.0", undefined],
  ])("finds %s at %s", (name, path) => {
    expect(resolveLibrary(known, name)).toBe(path);
  });
});
