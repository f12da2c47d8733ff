import { dirname, join } from "node:path";
import { afterEach, describe, expect } from "@jest/globals";
import { attackUntil } from "../support/hostile-host.js";
import { microAgentPath } from "../support/micro-agent.js";
import { visit } from "../support/open-peer.js";
import { RunningCommand } from "../support/processes.js";
import { requiresFile } from "../support/requires.js";

/** By Debian's emulators of processors for single programs, in which there is no bpf(2). */
const processors = [
  { name: "arm64", emulator: "qemu-aarch64", machine: "aarch64", byteOrder: "little" },
  { name: "arm", emulator: "qemu-arm", machine: "armv7l", byteOrder: "little" },
  { name: "mipsel", emulator: "qemu-mipsel", machine: "mips", byteOrder: "little" },
  { name: "s390x", emulator: "qemu-s390x", machine: "s390x", byteOrder: "big" },
] as const;
const frameCount = 300;
const timeoutMilliseconds = 120_000;

let agent: RunningCommand | undefined;
afterEach(() => {
  agent?.kill("SIGKILL");
});

async function listen(emulator: string, program: string): Promise<number> {
  agent = new RunningCommand(emulator, [program, "--listen", "ws://127.0.0.1:0"]);
  return Number((await agent.says(/^listening on ws:\/\/127\.0\.0\.1:(\d+)$/m))[1]);
}

describe("the micro agent of another processor, emulated", () => {
  for (const { name, emulator, machine, byteOrder } of processors) {
    const program = join(dirname(microAgentPath), `sonde-agent-${name}`);
    const built = requiresFile(program, {
      made: `npm run build:micro -- --arch ${name}`,
      command: emulator,
      debianPackage: "qemu-user",
    });

    built(
      `${name} answers, refuses what its kernel cannot do, and serves on among hostile hosts`,
      async () => {
        const port = await listen(emulator, program);
        const { peer } = await visit(port);
        expect(await peer.call("target.describe", {})).toMatchObject({ machine, byteOrder });
        const map = {
          kind: "createMap" as const,
          ...{ name: "emulated", type: 2, flags: 0 },
          ...{ keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 1 },
        };
        await expect(peer.call("plan.run", { steps: [map] })).rejects.toThrow("ENOSYS");
        await expect(
          peer.call("file.read", { path: "/etc/shadow", offset: 0n, limitBytes: 100 }),
        ).rejects.toThrow("/etc/shadow");
        await attackUntil(port, frameCount);
        expect((await peer.call("clock.read", {})).monotonic).toBeGreaterThan(0n);
        peer.close("done");
        expect(agent?.errors).not.toMatch(/internal|Error/);
      },
      timeoutMilliseconds,
    );
  }
});
