import { describe, expect, test } from "@jest/globals";
import { RemoteError } from "@sonde/protocol";
import { gzipSync } from "node:zlib";
import { KernelConfig } from "../../src/inspect/kernel-config.js";

const text = `#
# Automatically generated file; DO NOT EDIT.
CONFIG_KPROBES=y
CONFIG_TUN=m
# CONFIG_FPROBE is not set
CONFIG_LSM="lockdown,yama"
`;

/** Files of a target: all others are not there. */
function files(present: Readonly<Record<string, Uint8Array>>): {
  readKept: (path: string) => Promise<Uint8Array>;
} {
  return {
    readKept: (path) => {
      const bytes = present[path];
      return bytes === undefined
        ? Promise.reject(new RemoteError({ code: "missing", message: `${path}: ENOENT` }))
        : Promise.resolve(bytes);
    },
  };
}

describe("a kernel's configuration", () => {
  test("has what is built in or a module", () => {
    const config = new KernelConfig("/proc/config.gz", text);
    const asked = ["CONFIG_KPROBES", "CONFIG_TUN", "CONFIG_FPROBE", "CONFIG_LSM", "CONFIG_NONE"];
    expect(asked.map((option) => config.has(option))).toEqual([true, true, false, false, false]);
  });

  test("is read from /proc, where the kernel shows it", async () => {
    const there = { "/proc/config.gz": gzipSync(text), "/boot/config-6.1": Buffer.from("") };
    const config = await KernelConfig.read(files(there), "6.1");
    expect(config?.path).toBe("/proc/config.gz");
    expect(config?.has("CONFIG_KPROBES")).toBe(true);
  });

  test("is read from /boot else", async () => {
    const config = await KernelConfig.read(files({ "/boot/config-6.1": Buffer.from(text) }), "6.1");
    expect(config?.path).toBe("/boot/config-6.1");
    expect(config?.has("CONFIG_KPROBES")).toBe(true);
  });

  test("is not known where neither is there", async () => {
    expect(await KernelConfig.read(files({}), "6.1")).toBeUndefined();
  });
});
