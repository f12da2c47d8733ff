import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "@jest/globals";
import { MachineCode } from "../../packages/host/src/asm/machine-code.js";
import { type Btf, openBtf } from "../../packages/host/src/btf/btf.js";
import { buildObjectSpec } from "../../packages/host/src/object/build-spec.js";
import { parseObject } from "../../packages/host/src/object/parse-object.js";
import { type ObjectFile } from "../../packages/host/src/object/object-file.js";
import { relocateTypes } from "../../packages/host/src/object/relocate-types.js";
import { resolveExterns } from "../../packages/host/src/object/resolve-externs.js";
import { selectPrograms } from "../../packages/host/src/object/select-programs.js";
import { type FinishedCode } from "../../packages/host/src/spec/program-spec.js";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { requiresCommand } from "../support/requires.js";
import { objectsToTry } from "./embedded-objects.js";
import { LibbpfLoader, normalize } from "./translated.js";

/** Types of boards' kernels: all of each, or what bookworm's objects need of them (bpftool gen min_core_btf). */
const folder = process.env["SONDE_OBJECTS_BTF"] ?? new URL("btf", import.meta.url).pathname;
const kernels = readdirSync(folder).map((name) => `${folder}/${name}`);
const objects = objectsToTry();

/** BPF_PSEUDO_MAP_FD and BPF_PSEUDO_MAP_VALUE (include/uapi/linux/bpf.h). */
const [mapDescriptor, mapValue] = [1, 2];

/** What a program is when descriptors of maps have been put into it. */
function withMaps({ bytes, mapReferences }: FinishedCode): Buffer {
  const code = new MachineCode(bytes.slice(), "little");
  for (const { instruction, valueOffset } of mapReferences) {
    code.setSource(instruction, valueOffset === undefined ? mapDescriptor : mapValue);
    code.setWideImmediate(instruction, BigInt(valueOffset ?? 0) << 32n);
  }
  return Buffer.from(code.bytes);
}

/** The programs of an object by their names, each fitted to a kernel's types. */
function fitHere(file: ObjectFile, kernel: Btf, running: Btf): ReadonlyMap<string, Buffer> {
  const names = file.functions.filter(({ isProgram }) => isProgram).map(({ name }) => name);
  const selection = selectPrograms(file, { only: names });
  const fitted = {
    functions: relocateTypes(file, selection.table, selection.functions, { kernel, modules: [] }),
    // libbpf looks for functions and variables in the kernel that it runs on, whatever types it is given.
    externs: resolveExterns(file, selection.externs, {
      types: { kernel: running, modules: [] },
      addressOf: () => undefined,
    }),
  };
  const { spec } = buildObjectSpec(file, selection, fitted, {
    target: linux618x64,
    settings: {
      configuration: undefined,
      versionCode: 0x06_12_00,
      hasAttachCookie: true,
      hasSyscallWrapper: true,
    },
    attachments: [],
  });
  return new Map(
    spec.programs.flatMap(({ name, finished }) =>
      finished === undefined ? [] : [[name, withMaps(finished)]],
    ),
  );
}

requiresCommand("bpftool", "libbpf-tools libbpf-dev bpftool", "tracepoint")(
  "objects are fitted to the types of boards' kernels as libbpf fits them, instruction by instruction",
  async () => {
    using libbpf = new LibbpfLoader();
    const files = await Promise.all(
      objects.map(({ bytes, name }) => parseObject(bytes, `${name}.bpf.o`)),
    );
    const running = openBtf(readFileSync("/sys/kernel/btf/vmlinux"));
    const differing: string[] = [];
    let same = 0;
    for (const path of kernels) {
      const kernel = openBtf(readFileSync(path));
      for (const [at, theirs] of libbpf.fit(path, objects).entries()) {
        const file = files[at];
        if (file === undefined) throw new Error("an object that was not given");
        const ours = fitHere(file, kernel, running);
        for (const [name, peer] of theirs) {
          const own = ours.get(name);
          if (own !== undefined && peer.kind === "loaded" && isSame(own, peer.code)) same++;
          else differing.push(`${basename(path)} ${objects[at]?.name ?? ""} ${name}`);
        }
      }
    }
    if (process.env["SONDE_OBJECTS_REPORT"] !== undefined) {
      process.stdout.write(
        `${same} programs the same, of ${objects.length} objects for ${kernels.length} kernels\n`,
      );
    }
    expect(differing).toEqual([]);
    expect(same).toBeGreaterThanOrEqual(objects.length * kernels.length);
  },
  600_000,
);

function isSame(ours: Buffer, theirs: Buffer): boolean {
  return normalize(ours).join() === normalize(theirs).join();
}
