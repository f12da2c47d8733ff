import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { agentArgv, RunningCommand } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const withSystemd = requiresCommand("systemd-analyze", "systemd");
const restricted = requiresCommand(
  "setpriv",
  "util-linux",
  ...(["tracepoint", "raw_tracepoint", "ringbuf", "uprobe", "perf_event"] as const),
);

const folder = mkdtempSync(join(tmpdir(), "sonde-unit-"));
const agents: RunningCommand[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) agent.kill("SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const unitFile = join(import.meta.dirname, "..", "..", "packaging", "sonde-agent.service");
const unit = readFileSync(unitFile, "utf8");

function setting(name: string): string {
  return new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
}

/** An agent with the capabilities that the unit leaves it, and no way to others. */
async function startRestricted(): Promise<string> {
  const names = setting("CapabilityBoundingSet").split(" ");
  const kept = names.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`).join(",");
  const agent = new RunningCommand("setpriv", [
    ...["--no-new-privs", "--inh-caps=-all", `--bounding-set=-all,${kept}`],
    ...[...agentArgv, "--listen", "ws://127.0.0.1:0"],
  ]);
  agents.push(agent);
  const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
  return target;
}

describe("the systemd unit", () => {
  withSystemd("is one that systemd understands", () => {
    const copy = join(folder, "sonde-agent.service");
    // Where the program is to be installed it is not here.
    writeFileSync(copy, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", copy], { encoding: "utf8" });
    const complaints = stderr.split("\n").filter((line) => line.includes("sonde-agent"));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });

  const programs = [
    'BEGIN { printf("in\\n"); exit(); }',
    'tracepoint:syscalls:sys_enter_openat { printf("in\\n"); exit(); }',
    'rawtracepoint:sys_enter { printf("in\\n"); exit(); }',
    'uprobe:libc:malloc { printf("in\\n"); exit(); }',
    'profile:hz:99 { printf("in\\n"); exit(); }',
    'software:cpu-clock:1000000 { printf("in\\n"); exit(); }',
    'tracepoint:sched:sched_switch { @[comm] = count(); } interval:ms:100 { printf("in\\n"); exit(); }',
  ];
  for (const program of programs) {
    restricted(`leaves an agent what it needs for ${program}`, async () => {
      const target = await startRestricted();
      // On a quiet machine nothing else might happen for a while.
      const busy = await Workload.start(
        "unit-busy",
        "while (1) { open(my $file, '<', '/dev/null'); `true`; select(undef, undef, undef, 0.02) }",
      );
      busy.begin();
      const { code, output, errors } = await runSonde(["trace", "-t", target, "-e", program]);
      await busy.stop();
      expect({ code, output, errors }).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^in\n/),
      });
    });
  }

  restricted("leaves an agent no other power of root's", async () => {
    const target = await startRestricted();
    const { code, output } = await runSonde(["info", "-t", target]);
    expect(code).toBe(0);
    expect(output).not.toContain("the agent lacks");
    const [agent] = agents;
    const status = readFileSync(`/proc/${agent?.pid ?? 0}/status`, "utf8");
    // CAP_DAC_READ_SEARCH 2, CAP_SYS_PTRACE 19, CAP_SYSLOG 34, CAP_PERFMON 38, CAP_BPF 39: include/uapi/linux/capability.h
    const bits = (2n ** 2n + 2n ** 19n + 2n ** 34n + 2n ** 38n + 2n ** 39n).toString(16);
    expect(status).toMatch(new RegExp(`^CapEff:\\s0*${bits}$`, "m"));
  });
});
