import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { type HostPeer, type TargetDescription } from "@sonde/protocol";
import { KernelTypes } from "../packages/host/src/session/kernel-types.js";
import { RemoteFiles } from "../packages/host/src/session/remote-files.js";
import { readTypesFile, type TypesFile } from "../packages/host/src/session/types-file.js";
import { BtfBuilder } from "../packages/host/test/btf/btf-builder.js";
import { requiresCommand } from "./support/requires.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-types-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const builder = new BtfBuilder();
builder.int("int", 4);
const blob = builder.build();

const raw = join(folder, "raw.btf");
writeFileSync(raw, blob);

/** An ELF file with the types, and the build id 0123…, as the linker makes vmlinux. */
function linkKernel(name: string, args: readonly string[]): string {
  const path = join(folder, name);
  const source = join(folder, "empty.c");
  writeFileSync(source, "int main(void) { return 0; }\n");
  execFileSync("gcc", [source, "-o", path, ...args]);
  return path;
}

function withTypes(path: string): string {
  execFileSync("objcopy", ["--add-section", `.BTF=${raw}`, path]);
  return path;
}

const withLinker = requiresCommand("gcc", "gcc");

describe("a kernel that the user built", () => {
  withLinker("has types, and says which build it is", async () => {
    const path = withTypes(linkKernel("vmlinux", ["-Wl,--build-id=0x0123456789abcdef"]));
    const { btf, buildId } = await readTypesFile({ kind: "vmlinux", path });
    expect(btf.find("int", "int")).toBe(1);
    expect(buildId).toBe("0123456789abcdef");
  });

  withLinker("may be without a build id", async () => {
    const path = withTypes(linkKernel("nameless", ["-Wl,--build-id=none"]));
    expect(await readTypesFile({ kind: "vmlinux", path })).toMatchObject({ buildId: "" });
  });

  withLinker("and has no types is refused with what to build", async () => {
    const path = linkKernel("bare", []);
    await expect(readTypesFile({ kind: "vmlinux", path })).rejects.toMatchObject({
      name: "TargetError",
      message: `kernel ${path}: it has no section .BTF`,
      hint: expect.stringContaining("CONFIG_DEBUG_INFO_BTF=y"),
    });
  });

  withLinker("of another build than the target's is warned of, once", async () => {
    const path = withTypes(linkKernel("other", ["-Wl,--build-id=0xabcd"]));
    const warnings: string[] = [];
    const types = openTypes({ kind: "vmlinux", path }, "1234", warnings);
    expect(await types.ask((all) => all.find("int", "int"))).toBe(1);
    await types.ask((all) => all.find("int", "int"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("build ids abcd and 1234");
  });

  withLinker("of the same build is not warned of", async () => {
    const path = withTypes(linkKernel("same", ["-Wl,--build-id=0xabcd"]));
    const warnings: string[] = [];
    await openTypes({ kind: "vmlinux", path }, "abcd", warnings).ask((all) => all.find("a", "int"));
    expect(warnings).toEqual([]);
  });
});

describe("a file of types", () => {
  test("is taken as it is", async () => {
    const { btf } = await readTypesFile({ kind: "btf", path: raw });
    expect(btf.typeCount).toBe(2);
  });

  test.each<[string, TypesFile, string]>([
    ["that is not there", { kind: "btf", path: join(folder, "none") }, "ENOENT"],
    [
      "that has other contents",
      { kind: "btf", path: process.execPath },
      "it does not begin as BTF",
    ],
    ["that is no ELF file", { kind: "vmlinux", path: raw }, "does not begin as an ELF file"],
    ["that is a folder", { kind: "vmlinux", path: folder }, "EISDIR"],
  ])("%s is refused", async (_, file, message) => {
    await expect(readTypesFile(file)).rejects.toMatchObject({
      name: "TargetError",
      message: expect.stringContaining(message),
    });
  });
});

function openTypes(file: TypesFile, buildId: string, warnings: string[]): KernelTypes {
  // The target is not asked.
  const peer = {} as unknown as HostPeer;
  return new KernelTypes({
    peer,
    files: new RemoteFiles(peer, ""),
    target: { buildId, btfSizeBytes: 0 } as TargetDescription,
    file,
    asksNarrowly: false,
    onWarning: (text) => warnings.push(text),
  });
}
