import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Profile } from "pprof-format";
import { type MapEvent } from "../../src/output/trace-writer.js";
import { type MapEntry, type Value } from "../../src/output/value.js";
import { flameTree } from "../../src/picture/flame-tree.js";
import { formatFolded } from "../../src/picture/folded.js";
import { formatPage } from "../../src/picture/html-page.js";
import { isStackMap } from "../../src/picture/map-samples.js";
import { mapsPicture } from "../../src/picture/maps-picture.js";
import { encodePprof } from "../../src/picture/pprof.js";
import { formatSpeedscope } from "../../src/picture/speedscope.js";
import { type PictureFrame, type StackPicture } from "../../src/picture/stack-picture.js";

function frame(
  name: string,
  kind: PictureFrame["kind"],
  more: Partial<PictureFrame> = {},
): PictureFrame {
  return { name, kind, ...more };
}

const main = frame("main", "user", { address: 0x1010n, file: "/bin/mix" });
const read = frame("read", "user", { address: 0x7f00n, file: "/lib/libc.so.6" });
const inKernel = frame("vfs_read", "kernel", { address: 0xffff_ffff_8100_0010n });
const picture: StackPicture = {
  title: "CPU profile",
  unit: "samples",
  samples: [
    { frames: [frame("mix", "label"), main, read, inKernel], weight: 3n },
    { frames: [frame("mix", "label"), main], weight: 7n },
    { frames: [frame("mix", "label"), { ...main, address: 0x1020n }], weight: 2n },
  ],
};

describe("stacks in folded lines", () => {
  test("are from the outermost frame, equal ones joined, the least first", () => {
    expect(formatFolded(picture)).toBe("mix;main;read;vfs_read 3\nmix;main 9\n");
  });

  test("have no separator in a name", () => {
    const frames = [frame("a;b\nc", "label"), frame("operator new [] (x)", "user")];
    expect(formatFolded({ samples: [{ frames, weight: 1n }] })).toBe(
      "a:b c;operator new [] (x) 1\n",
    );
  });
});

describe("a flame graph's tree", () => {
  test("joins equal beginnings, and each frame has what was called from it", () => {
    const root = flameTree(picture);
    expect(root).toMatchObject({ name: "all", kind: "root", value: 12 });
    expect(root.children).toMatchObject([
      {
        ...{ name: "mix", kind: "label", value: 12 },
        children: [
          {
            ...{ name: "main", kind: "user", value: 12, file: "/bin/mix" },
            children: [
              {
                name: "read",
                value: 3,
                children: [{ name: "vfs_read", kind: "kernel", value: 3 }],
              },
            ],
          },
        ],
      },
    ]);
  });
});

describe("a page", () => {
  test("keeps what names contain out of its markup", () => {
    const page = formatPage({
      title: "<b>&",
      script: 'const a = "</script>";',
      data: { name: "</script><script>alert(1)</script><!--" },
    });
    expect(page).toContain("<title>&lt;b&gt;&amp;</title>");
    expect(page.match(/<\/script/g)).toHaveLength(2);
    const json = /type="application\/json">(.*)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(json)).toEqual({ name: "</script><script>alert(1)</script><!--" });
  });
});

describe("a file for speedscope", () => {
  test("has each frame once, and stacks by their numbers", () => {
    const file = JSON.parse(formatSpeedscope(picture)) as unknown;
    expect(file).toMatchObject({
      shared: {
        frames: [
          { name: "mix" },
          { name: "main", file: "/bin/mix" },
          { name: "read", file: "/lib/libc.so.6" },
          { name: "vfs_read" },
        ],
      },
      profiles: [
        {
          ...{ type: "sampled", unit: "none", startValue: 0, endValue: 12, weights: [3, 7, 2] },
          samples: [
            [0, 1, 2, 3],
            [0, 1],
            [0, 1],
          ],
        },
      ],
    });
  });
});

describe("lines of source files", () => {
  const source = { path: "/src/mix.c", line: 42 };
  const frame = { name: "spin", kind: "user", address: 9n, file: "/bin/mix", source } as const;
  const picture: StackPicture = {
    ...{ title: "CPU", unit: "samples" },
    samples: [{ frames: [frame], weight: 1n }],
  };

  test("are in a file for speedscope", () => {
    expect(JSON.parse(formatSpeedscope(picture))).toMatchObject({
      shared: { frames: [{ name: "spin", file: "/src/mix.c", line: 42 }] },
    });
  });

  test("are in a file for pprof, with what the code is in", () => {
    const times = { startNanoseconds: 1n, durationNanoseconds: 1n };
    const profile = Profile.decode(encodePprof(picture, times));
    const text = (at: number | bigint): string => profile.stringTable.strings[Number(at)] ?? "?";
    expect(Number(profile.location[0]?.line[0]?.line)).toBe(42);
    expect(text(profile.function[0]?.filename ?? 0)).toBe("/src/mix.c");
    expect(text(profile.mapping[0]?.filename ?? 0)).toBe("/bin/mix");
  });
});

describe("a file for pprof", () => {
  test("is read by a reader of the format as it was written", () => {
    const times = {
      startNanoseconds: 1_700_000_000_000_000_000n,
      durationNanoseconds: 5_000_000_000n,
    };
    const profile = Profile.decode(encodePprof(picture, times));
    const text = (at: number | bigint): string => profile.stringTable.strings[Number(at)] ?? "?";
    expect(profile.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ["samples", "count"],
    ]);
    expect(BigInt(profile.timeNanos)).toBe(times.startNanoseconds);
    expect(BigInt(profile.durationNanos)).toBe(times.durationNanoseconds);
    const locations = new Map(profile.location.map((one) => [BigInt(one.id), one]));
    const functions = new Map(profile.function.map((one) => [BigInt(one.id), text(one.name)]));
    const files = new Map(profile.mapping.map((one) => [BigInt(one.id), text(one.filename)]));
    const stacks = profile.sample.map(({ locationId, value }) => ({
      weight: BigInt(value[0] ?? 0),
      frames: locationId.map((id) => {
        const location = locations.get(BigInt(id));
        return {
          name: functions.get(BigInt(location?.line[0]?.functionId ?? 0)),
          file: files.get(BigInt(location?.mappingId ?? 0)),
          address: BigInt(location?.address ?? 0),
        };
      }),
    }));
    expect(stacks).toEqual(
      picture.samples.map(({ weight, frames }) => ({
        weight,
        frames: [...frames].reverse().map(({ name, file, kind, address }) => ({
          name,
          file: kind === "kernel" ? "[kernel]" : file,
          address: address ?? 0n,
        })),
      })),
    );
  });

  test("holds whatever weights there are", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: (1n << 63n) - 1n })), (weights) => {
        const samples = weights.map((weight) => ({ frames: [main], weight }));
        const bytes = encodePprof(
          { ...picture, samples },
          { startNanoseconds: 1n, durationNanoseconds: 1n },
        );
        const read = Profile.decode(bytes).sample.map(({ value }) => BigInt(value[0] ?? 0));
        expect(read).toEqual(weights);
      }),
    );
  });
});

describe("maps of a script's own", () => {
  const stack = (space: "kernel" | "user", ...names: readonly string[]): Value => ({
    ...{ kind: "stack", space, mode: "bpftrace" },
    frames: names.map((name, at) => ({ address: BigInt(at + 1), symbol: { name, offset: 0n } })),
  });
  const comm: Value = { kind: "string", value: "cat", isCut: false };
  const map = (name: string, ...entries: readonly MapEntry[]): MapEvent => ({
    ...{ kind: "map", name, entries, isAggregation: true },
  });
  const entry = (key: readonly Value[], value: bigint): MapEntry => ({
    key,
    value: { kind: "number", value },
  });

  test("are shown with the process's frames below the kernel's, and other keys below both", () => {
    const shown = mapsPicture([
      map(
        "@",
        entry([stack("kernel", "vfs_read", "entry"), stack("user", "read", "main"), comm], 5n),
      ),
      map("@other", entry([comm], 1n)),
    ]);
    expect(formatFolded(shown ?? { samples: [] })).toBe("cat;main;read;entry;vfs_read 5\n");
  });

  test("are apart when there are several", () => {
    const shown = mapsPicture([
      map("@a", entry([stack("kernel", "one")], 5n)),
      map("@b", entry([{ kind: "tuple", elements: [comm, stack("user", "two")] }], 6n)),
    ]);
    expect(formatFolded(shown ?? { samples: [] })).toBe("@a;one 5\n@b;cat;two 6\n");
  });

  test("are none without stacks, or without numbers", () => {
    const text: MapEntry = { key: [stack("user", "f")], value: { kind: "plain", value: comm } };
    expect([map("@a", entry([comm], 1n)), map("@b", text), map("@c")].map(isStackMap)).toEqual([
      false,
      false,
      false,
    ]);
    expect(mapsPicture([map("@a", entry([comm], 1n))])).toBeUndefined();
  });
});
