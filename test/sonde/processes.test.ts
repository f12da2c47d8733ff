import { describe, expect } from "@jest/globals";
import { agentWords, RunningAgent, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, runSonde, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "ringbuf", "program_run");

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("an agent in a pid namespace of its own", () => {
  tracing("tells processes by their numbers there, and finds their files by these", async () => {
    const agent = `unshare --pid --fork --mount-proc ${agentWords} --stdio`;
    const { code, output, errors } = await runSonde([
      ...["trace", "-q", "-t", `exec:${agent}`, "-c", "cat /etc/hostname", "-e"],
      `tracepoint:syscalls:sys_enter_openat /pid == cpid/ {
         printf("%d %d %d\\n", pid < 1000, pid == pid(curr_ns) && tid == tid(curr_ns), pid == pid(init));
         print(ustack(1));
       }`,
    ]);
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(output).toMatch(/^1 1 0\n\n {8}\w*open\w*\+\d+\n/m);
  });
});

describe("a command that is traced (-c)", () => {
  tracing("is seen from its first instruction, and ends the trace", async () => {
    const outcome = await runSonde([
      ...["trace", "-c", "cat '/etc/hostname' /nonexistent\\ file"],
      'tracepoint:syscalls:sys_enter_openat /pid == cpid/ { printf("opens %s\\n", str(args.filename)); }',
    ]);
    expect(outcome.code).toBe(0);
    expect(outcome.output).toContain("opens /etc/ld.so.cache\n");
    expect(outcome.output).toContain("opens /nonexistent file\n");
    expect(outcome.errors).toContain("/nonexistent file");
  });

  tracing("is ended with all that it has started when the trace ends first", async () => {
    const sonde = startSonde([
      ...["trace", "-c", "sh -c 'echo $$; sleep 1000 & echo $!; wait'"],
      "interval:s:1 { exit(7); }",
    ]);
    const { code, output } = await endOf(sonde);
    expect(code).toBe(7);
    const pids = [...output.matchAll(/^\d+$/gm)].map(Number);
    expect(pids).toHaveLength(2);
    expect(await until(() => !pids.some(isRunning), 5000)).toBe(true);
  });

  tracing("that is not there is an error", async () => {
    const outcome = await runSonde(["trace", "-c", "/no/such/program", 'BEGIN { printf("b"); }']);
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toBe("");
    expect(outcome.errors).toContain("/no/such/program' does not exist or is not executable");
  });

  tracing("is refused by an agent on a network that was not told to allow it", async () => {
    const agent = new RunningAgent(["--listen", "ws://127.0.0.1:0"]);
    const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
    const refused = await runSonde(["trace", "-t", target, "-c", "true", "BEGIN { }"]);
    expect(refused.errors).toMatch(/runs no programs for hosts\nHINT: .*--allow-programs/);
    expect(refused.code).not.toBe(0);
    agent.kill();
    await agent.ended;

    const willing = new RunningAgent([...["--listen", "ws://127.0.0.1:0", "--allow-programs"]]);
    const [, other = ""] = await willing.says(/^listening on (\S+)$/m);
    const allowed = await runSonde(["trace", "-t", other, "-c", "echo said", "interval:s:9 { }"]);
    expect(allowed).toMatchObject({ code: 0, output: expect.stringContaining("said\n") });
    willing.kill();
    await willing.ended;
  });
});

describe("a process that is traced (-p)", () => {
  tracing("ends the trace when it ends", async () => {
    const workload = await Workload.start("traced");
    const program = 'interval:ms:50 { @ = count(); } END { printf("over\\n"); }';
    const sonde = startSonde(["trace", "-p", String(workload.pid), program]);
    await sonde.says(/^Attached/m);
    await workload.end();
    expect(await endOf(sonde)).toMatchObject({ code: 0, output: expect.stringMatching(/^over\n/) });
  });

  tracing("must be there", async () => {
    const outcome = await runSonde(["trace", "-p", "4194304", "BEGIN { }"]);
    expect(outcome.code).toBe(1);
    expect(outcome.errors).toContain("-p 4194304: there is no such process on the target");
  });
});

describe("bpftrace's environment", () => {
  tracing("sets what the program's config does not", async () => {
    const program = "tracepoint:syscalls:sys_enter_chdir { @[str(args.filename)] = count(); }";
    const env = { ...process.env, BPFTRACE_MAX_MAP_KEYS: "123", BPFTRACE_UNKNOWN: "x" };
    const listing = await runSonde(["trace", "--listing", program], { env });
    expect(listing.output).toContain("entries 123");
    const wrong = { ...process.env, BPFTRACE_MAX_MAP_KEYS: "many" };
    const refused = await runSonde(["trace", "--listing", program], { env: wrong });
    expect(refused.code).toBe(1);
    expect(refused.errors).toBe("ERROR: max_map_keys: expecting a number, got many\n");
  });

  tracing("is told when all probes are attached", async () => {
    const env = { ...process.env, __BPFTRACE_NOTIFY_PROBES_ATTACHED: "1" };
    const sonde = startSonde(["trace", 'BEGIN { printf("begun\\n"); } interval:s:9 { }'], { env });
    await sonde.prints(/^begun$/m);
    expect(sonde.output).toBe("__BPFTRACE_NOTIFY_PROBES_ATTACHED\nbegun\n");
    expect((await interrupt(sonde)).code).toBe(130);
  });
});
