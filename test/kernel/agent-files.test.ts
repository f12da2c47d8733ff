import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { RemoteError, type Result } from "@sonde/protocol";
import { startAgent, type TestedAgent } from "../support/tested-agent.js";
import { requiresFeature } from "../support/requires.js";

/** Reading these takes root and tracefs. */
const onTarget = requiresFeature("tracepoint");

let agent: TestedAgent;
let folder: string;
beforeAll(async () => {
  agent = await startAgent();
  folder = mkdtempSync(join(tmpdir(), "sonde-files-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await agent.close();
});

async function readWhole(path: string, limitBytes = 1 << 20): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let offset = 0n; ;) {
    const { data, isEnd } = await agent.peer.call("file.read", { path, offset, limitBytes });
    parts.push(data);
    offset += BigInt(data.length);
    if (isEnd) return Buffer.concat(parts);
  }
}

function stat(path: string): Promise<Result<"file.stat">> {
  return agent.peer.call("file.stat", { path });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof RemoteError ? error.code : "no refusal";
}

describe("the agent's files", () => {
  const wholes = [
    "/sys/kernel/btf/vmlinux",
    "/proc/kallsyms",
    "/sys/kernel/tracing/available_events",
    "/sys/kernel/tracing/events/sched/sched_switch/format",
    "/etc/passwd",
    "/sys/devices/system/cpu/possible",
  ];
  for (const path of wholes) {
    onTarget(`hold ${path}, whole, in parts of any size`, async () => {
      expect((await readWhole(path, 300_001)).equals(readFileSync(path))).toBe(true);
    });
  }

  onTarget("hold a program, wherever a process's link to it leads", async () => {
    const path = realpathSync(process.execPath);
    const { data } = await agent.peer.call("file.read", {
      path: `/proc/${process.pid}/exe`,
      offset: 1n,
      limitBytes: 3,
    });
    expect(Buffer.from(data).toString()).toBe("ELF");
    const expected = statSync(path, { bigint: true });
    expect(await stat(`/proc/${process.pid}/exe`)).toEqual({
      file: {
        path,
        sizeBytes: expected.size,
        modified: expected.mtimeNs,
        inode: expected.ino,
        device: expect.any(BigInt),
      },
    });
  });

  onTarget("list what can be traced", async () => {
    const events = "/sys/kernel/tracing/events/sched";
    const { names } = await agent.peer.call("file.list", { path: events });
    expect(names).toEqual(readdirSync(events).sort());
    const processes = await agent.peer.call("file.list", { path: "/proc" });
    expect(processes.names).toContain(String(process.pid));
    const libraries = await agent.peer.call("file.list", { path: "/usr/lib" });
    expect(libraries.names).toEqual(readdirSync("/usr/lib").sort());
  });

  onTarget("say where a process works, and no more of it", async () => {
    expect((await stat(`/proc/${process.pid}/cwd`)).file?.path).toBe(process.cwd());
    expect(await codeOf(agent.peer.call("file.list", { path: `/proc/${process.pid}/cwd` }))).toBe(
      "forbidden",
    );
  });

  onTarget("are not those that a link leads out of the allowed places to", async () => {
    const link = join(folder, "config-evil");
    symlinkSync("/etc/shadow", link);
    for (const path of [
      link,
      "/etc/shadow",
      `/proc/${process.pid}/root/etc/shadow`,
      "/proc/kmsg",
    ]) {
      expect(await codeOf(readWhole(path))).toBe("forbidden");
      expect(await codeOf(stat(path))).toBe("forbidden");
    }
  });

  onTarget("leave no descriptor open, whatever was asked", async () => {
    const before = readdirSync("/proc/self/fd").length;
    await readWhole("/proc/kallsyms");
    await codeOf(readWhole("/etc/shadow"));
    await stat(`/proc/${process.pid}/exe`);
    await codeOf(readWhole("/proc/999999999/maps"));
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  });
});
