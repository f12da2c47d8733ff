import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, expect, test } from "@jest/globals";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { agentWords, childrenOf, hostCommand, RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, runSonde, startAttached, type Outcome } from "../support/sonde.js";
import { runWorkload, Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "program_run");

const folder = mkdtempSync(join(tmpdir(), "sonde-command-line-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** An agent as a child whose input is kept in a file; our WebSocket over a child's pipes masks with zeros. */
function overheardTarget(name: string): { readonly target: string; readonly heard: () => string } {
  const file = join(folder, name);
  return {
    target: `exec:tee '${file}' | ${agentWords} --stdio`,
    heard: () => readFileSync(file, "latin1"),
  };
}

describe("a program that is wrong", () => {
  tracing("is shown with the line and a marker, and nothing of it is sent", async () => {
    const { target, heard } = overheardTarget("syntax-error");
    const source = 'BEGIN { printf("%d\\n", 1; }';
    const { code, output, errors } = await runSonde(["trace", "-t", target, "-e", source]);
    expect(errors).toBe(
      `stdin:1:25-26: ERROR: syntax: expected ')'\n` + `${source}\n${" ".repeat(24)}~\n`,
    );
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(heard()).toContain("hello");
    expect(heard()).not.toContain("plan.run");
  });

  tracing("that is right is sent as one plan", async () => {
    const { target, heard } = overheardTarget("no-error");
    const { code } = await runSonde(["trace", "-t", target, "-e", 'BEGIN { printf("x"); }']);
    expect(code).toBe(0);
    expect(heard().split("plan.run").length).toBe(2);
  });

  tracing("in a type names both places", async () => {
    const { target, heard } = overheardTarget("type-error");
    const file = join(folder, "types.bt");
    writeFileSync(file, '// two uses\nBEGIN {\n  $x = 1;\n  $x = "text";\n}\n');
    const { code, errors } = await runSonde(["trace", "-t", target, file]);
    expect(errors).toContain(
      `${file}:4:3-14: ERROR: Type mismatch for $x: trying to assign value of type 'string[5]'`,
    );
    expect(errors).toContain(`  $x = "text";\n  ~~~~~~~~~~~\n`);
    expect(errors).toContain(`${file}:3:3-5: NOTE: $x is declared here\n`);
    expect(code).toBe(1);
    expect(heard()).not.toContain("plan.run");
  });

  tracing("in a name is told names that are near", async () => {
    const outcomes = await Promise.all(
      [
        "tracepoint:syscalls:sys_enter_opnat { @ = count(); }",
        "tracepoint:syscals:sys_enter_openat { @ = count(); }",
        "tracepoint:syscalls:sys_enter_openat { @ = args.filenam; }",
        "uprobe:libc:mallok { @ = count(); }",
        "rawtracepoint:sched_swich { @ = count(); }",
        "BEGIN { @ = cuont(); }",
      ].map((source) => runSonde(["trace", "-e", source])),
    );
    const hints = outcomes.map(({ errors }) => errors.match(/^HINT: .*$/gm)?.at(-1));
    expect(hints).toEqual([
      expect.stringContaining("syscalls:sys_enter_openat"),
      expect.stringContaining("syscalls:sys_enter_openat"),
      expect.stringContaining("filename"),
      expect.stringContaining("malloc"),
      expect.stringContaining("sched_switch"),
      expect.stringContaining("count"),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe("a command line that is wrong", () => {
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /^Usage: sonde/],
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["trace"], /trace: no program given\nHINT: .*-e/],
    [["trace", "--frobnicate", "-e", "BEGIN {}"], /unknown option '--frobnicate'/],
    [
      ["trace", "no-such-file.bt"],
      /failed to open file 'no-such-file\.bt': No such file or directory\nHINT: /,
    ],
    [["trace", tmpdir()], /EISDIR/],
    [
      ["trace", "-p", "many", "-e", "BEGIN {}"],
      /^ERROR: Failed to parse pid: invalid integer: many\n/,
    ],
    [
      ["trace", "-f", "xml", "-e", "BEGIN {}"],
      /^ERROR: Invalid output format "xml"\nValid formats: 'text', 'json'\n/,
    ],
    [
      ["trace", "-o", "/no/such/place", "-e", "BEGIN {}"],
      /^ERROR: Failed to open output file: "\/no\/such\/place": No such file or directory\n/,
    ],
    [["trace", "-t", "carrier:pigeon", "-e", "BEGIN {}"], /target "carrier:pigeon".*\nHINT: /],
    [["trace", "--key-file", "/no/key", "-e", "BEGIN {}"], /key file \/no\/key: ENOENT/],
    [["replay"], /missing required argument 'file'/],
    [["opensnoop", "-p", "x"], /x is not a whole number/],
    [["opensnoop", "-f", "O_NONSENSE"], /O_NONSENSE/],
    [["execsnoop", "-n", "("], /no regular expression/],
  ];
  for (const [args, message] of wrong) {
    test(`is said of: sonde ${args.join(" ")}`, async () => {
      const { code, errors } = await runSonde(args);
      expect(errors).toMatch(message);
      expect(code).toBe(1);
    });
  }

  test("is no reason for a stack trace", async () => {
    const outcomes = await Promise.all(wrong.map(([args]) => runSonde(args)));
    for (const { errors } of outcomes) expect(errors).not.toMatch(/^ {4}at /m);
  });
});

describe("a target that is not there", () => {
  const unreachable: readonly (readonly [target: string, message: RegExp])[] = [
    ["ws://127.0.0.1:1", /ws:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/],
    ["unix:/no/agent.sock", /unix:\/no\/agent\.sock: connect ENOENT[^]*\nHINT: .*--unix/],
    ["exec:echo Welcome to board 7", /not an agent: it answered "Welcome to board 7"/],
    ["exec:/no/such/command", /ended with exit code 127: .*not found/],
    ["exec:echo no privilege >&2; exit 9", /ended with exit code 9: no privilege/],
  ];
  for (const [target, message] of unreachable) {
    test(`is said of ${target}`, async () => {
      const { code, output, errors } = await runSonde(["trace", "-t", target, "-e", "BEGIN {}"]);
      expect(errors).toMatch(message);
      expect({ code, output }).toEqual({ code: 2, output: "" });
    });
  }
});

/** Every way through it ends with another number, which the verifier follows one by one. */
const tooManyWays = `tracepoint:syscalls:sys_enter_openat /comm == "cmd-never"/ {
  $n = 1;
  ${Array.from({ length: 24 }, (_, bit) => `if (args.flags & ${1 << bit}) { $n += ${1 << bit}; }`).join("\n  ")}
  printf("%s", str(args.filename, $n));
}`;

describe("a kernel that refuses", () => {
  tracing(
    "is cited: the step, the error and the end of the verifier's log, or all of it",
    async () => {
      const file = join(folder, "too-many-ways.bt");
      writeFileSync(file, tooManyWays);
      const limitMilliseconds = 50_000;
      const [short, long] = await Promise.all([
        runSonde(["trace", file], { limitMilliseconds }),
        runSonde(["trace", "--verifier-log", file], { limitMilliseconds }),
      ]);
      expect(short.errors).toMatch(
        /^sonde: load program "\w+": the verifier refused it: E2BIG\n {2}.*\n {2}.*BPF program is too large.*\n {2}\(\d+ lines omitted; --verifier-log shows all\)\n/,
      );
      const omitted = Number(/\((\d+) lines omitted/.exec(short.errors)?.[1]);
      expect(omitted).toBeGreaterThan(50);
      expect(long.errors).not.toContain("omitted");
      expect(long.errors.split("\n").length).toBeGreaterThan(omitted);
      expect([short.code, long.code]).toEqual([3, 3]);
    },
  );

  tracing("not at all: with -v what tracing has cost is told at the end", async () => {
    const counted =
      "tracepoint:raw_syscalls:sys_enter { @ = count(); } interval:ms:300 { exit(); }";
    const { errors } = await runSonde(["trace", "-v", "-e", counted]);
    expect(errors).toMatch(
      /^cost: programs ran [1-9]\d* times, [1-9]\d* ns each, .* the agent took /m,
    );
  });

  tracing("is cited to the last word, however late it is read", async () => {
    const branches = "BEGIN { unroll(95) { unroll(90) { if (rand == 0) { return; } } } exit(); }";
    const pipe = '"$@" 2>&1 >/dev/null | { sleep 3; grep "^The sequence of"; }';
    const args = ["-c", pipe, "sh", process.execPath, hostCommand];
    const reader = new RunningCommand("sh", [...args, "trace", "--verifier-log", "-e", branches]);
    expect((await endOf(reader)).output).toMatch(/^The sequence of \d+ jumps is too complex/);
  });

  tracing("for want of privilege says which, and what to do", async () => {
    const outcomes = await Promise.all(
      [
        ["trace", "-e", 'BEGIN { printf("x"); }'],
        ["trace", "-e", "tracepoint:syscalls:sys_enter_openat { @ = count(); }"],
        ["trace", "-e", "profile:hz:9 { @ = count(); }"],
        ["opensnoop"],
      ].map(runWithoutPrivileges),
    );
    for (const { code, output, errors } of outcomes) {
      expect(errors).toMatch(/^sonde: create map ".*": bpf\(BPF_MAP_CREATE\): EPERM$/m);
      expect(errors).toMatch(/^HINT: .*CAP_BPF.*start it as root/m);
      expect({ code, output }).toEqual({ code: 3, output: "" });
    }
  });
});

/** As root without any of root's capabilities. */
async function runWithoutPrivileges(args: readonly string[]): Promise<Outcome> {
  const command = [process.execPath, hostCommand, ...args];
  return await endOf(
    new RunningCommand("setpriv", ["--bounding-set=-all", "--inh-caps=-all", ...command]),
  );
}

describe("what is asked for", () => {
  tracing("--dry-run compiles and loads nothing", async () => {
    const { target, heard } = overheardTarget("dry-run");
    const source = 'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args.filename)); }';
    const outcome = await runSonde(["trace", "--dry-run", "-t", target, "-e", source]);
    expect(outcome).toEqual({ code: 0, output: "", errors: "" });
    expect(heard()).toContain("sys_enter_openat");
    expect(heard()).not.toContain("plan.run");
  });

  tracing("--listing shows maps and instructions and loads nothing", async () => {
    const { target, heard } = overheardTarget("listing");
    const source = "tracepoint:syscalls:sys_enter_openat { @[pid] = count(); }";
    const { code, output } = await runSonde(["trace", "--listing", "-t", target, "-e", source]);
    expect(output).toMatch(/^map AT_: percpu_hash, key 4, value 8, entries 4096$/m);
    expect(output).toMatch(/^tracepoint \w+:$/m);
    expect(output).toMatch(/^ {2}call map_lookup_elem#1$/m);
    expect(code).toBe(0);
    expect(heard()).not.toContain("plan.run");
  });

  tracing("-f json gives an object on each line and nothing else", async () => {
    const source = 'BEGIN { printf("%s\\n", "a \\"b\\""); @m["k", 2] = 3; @h = hist(5); }';
    const { code, output, errors } = await runSonde(["trace", "-f", "json", "-e", source]);
    expect(output.trimEnd().split("\n")).toEqual([
      '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}',
      '{"type": "printf", "data": "a \\"b\\"\\n"}',
      '{"type": "hist", "data": {"@h": [{"min": 4, "max": 7, "count": 1}]}}',
      '{"type": "map", "data": {"@m": {"k,2": 3}}}',
    ]);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  });

  tracing("-o writes to a file, anew", async () => {
    const file = join(folder, "output");
    writeFileSync(file, "old".repeat(100));
    const outcome = await runSonde(["trace", "-o", file, "-e", 'BEGIN { printf("new\\n"); }']);
    expect(outcome).toEqual({ code: 0, output: "", errors: "Attached 1 probe\n" });
    expect(readFileSync(file, "utf8")).toBe("new\n\n\n");
  });

  tracing("-q says nothing about the trace itself", async () => {
    const { errors, output } = await runSonde(["trace", "-q", "-e", 'BEGIN { printf("x\\n"); }']);
    expect({ errors, output }).toEqual({ errors: "", output: "x\n\n\n" });
  });

  tracing("a script from standard input, with parameters", async () => {
    const input = '#!/usr/bin/env sonde\nBEGIN { printf("%d: %s, %d\\n", $#, str($1), $2 * 2); }\n';
    const { output } = await runSonde(["trace", "-", "first", "21"], { input });
    expect(output).toBe("2: first, 42\n\n\n");
  });

  tracing("a program without -e, and a script from a file, with parameters", async () => {
    const file = join(folder, "script.bt");
    writeFileSync(file, 'BEGIN { printf("%s\\n", str($1)); }');
    const [inline, script] = await Promise.all([
      runSonde(["trace", 'BEGIN { printf("%d\\n", $1); }', "7"]),
      runSonde(["trace", file, "eight"]),
    ]);
    expect([inline.output, script.output]).toEqual(["7\n\n\n", "eight\n\n\n"]);
  });

  tracing("-p traces one process", async () => {
    const program = "uprobe:libc:umask { @[pid] = count(); }";
    const chosen = await Workload.start("cmd-pid", "umask(1); umask(2);");
    const sonde = await startAttached(["-p", String(chosen.pid), "-e", program]);
    await runWorkload("cmd-pid", "umask(1);");
    await chosen.step();
    await chosen.end();
    const { output } = await interrupt(sonde);
    expect(output).toBe(`\n\n@[${chosen.pid}]: 2\n`);
  });

  const commands = [
    "",
    "trace",
    "sessions",
    "attach",
    "stop",
    "replay",
    "probes",
    "info",
    "tools",
    "opensnoop",
    "execsnoop",
  ];
  for (const command of commands) {
    test(`sonde ${command} --help has examples`, async () => {
      const { code, output } = await runSonde([...command.split(" ").filter(Boolean), "--help"]);
      expect(output).toMatch(new RegExp(`^Examples?:\\n  sonde ${command}`, "m"));
      expect(code).toBe(0);
    });
  }

  test("--version", async () => {
    expect(await runSonde(["--version"])).toEqual({
      code: 0,
      output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      errors: "",
    });
  });

  tracing("info, probes and tools", async () => {
    const [info, json, probes, fields, functions, types, none, tools] = await Promise.all([
      runSonde(["info"]),
      runSonde(["info", "--json"]),
      runSonde(["probes", "tracepoint:syscalls:*openat*"]),
      runSonde(["probes", "-l", "t:syscalls:sys_enter_openat"]),
      runSonde(["probes", "uprobe:libc:umas*,self:*"]),
      runSonde(["trace", "-lv", "struct list_head,enum pid_type"]),
      runSonde(["probes", "tracepoint:nothing:*"]),
      runSonde(["tools"]),
    ]);
    expect(info.output).toMatch(/^Probes\n {2}BEGIN, END +yes$/m);
    expect(info.output).toMatch(/^ {2}tracepoint +yes {2}perf event link$/m);
    expect(info.output).not.toContain("\x1b");
    expect(JSON.parse(json.output)).toMatchObject({
      pageSize: expect.any(Number),
      settings: { "kernel.perf_event_paranoid": expect.stringMatching(/^-?\d$/) },
      probes: {
        tracepoint: { state: "supported", mechanism: "perf event link", advice: [] },
        uprobe: { state: "supported", mechanism: "uprobe PMU, perf event link", advice: [] },
      },
    });
    expect(probes.output).toMatch(/^tracepoint:syscalls:sys_enter_openat\n/);
    expect(fields.output).toMatch(/^ {4}const char \* filename$/m);
    expect(functions.output).toMatch(/^uprobe:\/.*libc.*:umask\nself:signal:SIGUSR1\n$/);
    expect(types.output).toMatch(
      /^vmlinux: struct list_head \{\n\tstruct list_head \*next;\n\tstruct list_head \*prev;\n\};\n\nvmlinux: enum pid_type \{\n\tPIDTYPE_PID = 0,/,
    );
    expect(none).toMatchObject({ code: 1, output: "", errors: expect.stringContaining("nothing") });
    expect(tools.output).toMatch(/^opensnoop +files/m);
  });
});

describe("the end", () => {
  tracing(
    "Ctrl-C prints the maps, ends soon with 130, and leaves nothing in the kernel",
    async () => {
      const sonde = await startAttached([
        "-e",
        `tracepoint:syscalls:sys_enter_umask /comm == "cmd-interrupt"/ { @[args.mask] = count(); printf("%d\\n", args.mask); }
       tracepoint:sched:sched_switch { @switches = count(); } END { clear(@switches); printf("the end\\n"); }`,
      ]);
      const [agent = 0] = childrenOf(sonde.pid);
      const held = heldBy(agent);
      expect([...held].filter((object) => object.startsWith("prog")).length).toBeGreaterThan(1);
      await runWorkload("cmd-interrupt", "umask(5) for 1..3; umask(6);");
      const start = performance.now();
      const { code, output } = await interrupt(sonde);
      expect(output).toBe("5\n5\n5\n6\nthe end\n\n\n@[6]: 1\n@[5]: 3\n");
      expect(code).toBe(130);
      expect(performance.now() - start).toBeLessThan(3000);
      expect(await leftInKernel(held)).toEqual([]);
    },
  );

  tracing("comes after SIGTERM in the same way", async () => {
    const sonde = await startAttached(["-e", "interval:s:100 { } END { @ = 5; }"]);
    sonde.kill("SIGTERM");
    expect(await endOf(sonde)).toMatchObject({ code: 130, output: "\n\n@: 5\n" });
  });

  tracing("comes quietly when nobody reads any more", async () => {
    const program = 'interval:ms:5 { printf("line\\n"); }';
    const shell = new RunningCommand("bash", [
      "-c",
      '"$0" "$1" trace -e "$2" | head -1; echo "${PIPESTATUS[0]}"',
      process.execPath,
      hostCommand,
      program,
    ]);
    const { output, errors } = await endOf(shell);
    expect(output).toMatch(/^line\n\d+\n$/);
    expect(errors).toBe("Attached 1 probe\n");
  });

  tracing("is what exit() says, after END and the maps", async () => {
    const program = 'BEGIN { @ = 1; exit(3); } END { printf("last words\\n"); }';
    expect(await runSonde(["trace", "-e", program])).toEqual({
      code: 3,
      output: "last words\n\n\n@: 1\n",
      errors: "Attached 2 probes\n",
    });
  });

  tracing("comes by itself when there is nothing to wait for", async () => {
    const { code, output } = await runSonde([
      "trace",
      "-e",
      'BEGIN { printf("a\\n"); } END { printf("b\\n"); }',
    ]);
    expect({ code, output }).toEqual({ code: 0, output: "a\nb\n\n\n" });
  });

  tracing("tells how many events were lost, and is 4 for --fail-on-lost", async () => {
    // A ring of a page, in bursts.
    const program = `config = { perf_rb_pages = 1 }
      tracepoint:syscalls:sys_enter_umask /comm == "cmd-lost"/ { printf("%s\\n", "${"x".repeat(100)}"); }
      tracepoint:syscalls:sys_enter_chdir /comm == "cmd-lost"/ { exit(); }`;
    const trace = async (...options: string[]): Promise<Outcome> => {
      const sonde = await startAttached([...options, "-e", program]);
      await runWorkload("cmd-lost", 'umask(1) for 1..20000; chdir("/");');
      return await endOf(sonde);
    };
    for (const { code, options } of [
      { code: 0, options: [] },
      { code: 4, options: ["--fail-on-lost"] },
    ]) {
      const outcome = await trace(...options);
      expect(outcome.errors).toMatch(/^Lost \d+ events in all/m);
      expect(outcome.code).toBe(code);
    }
  });
});

describe("probes that are run when that is asked for", () => {
  const source = `begin { @seen = 1; }
    test:right { assert(@seen == 1, "begin has run"); return 0; }
    test:wrong { printf("in it\\n"); for ($i : 0..9) { if ($i == 5) { return $i; } } }
    test:ends { exit(1); }
    test:odd { return 1; }
    bench:sum { @ = sum(1); }
    bench:none { return 1; }
    tracepoint:sched:sched_switch { printf("never\\n"); }
    end { printf("done\\n"); }`;

  tracing("tell which have failed, and what those printed", async () => {
    const words = ["trace", "--test", "--probe-filter", "^test:[rwe]", "-e", source];
    const { code, output } = await runSonde(words);
    const lines = stripVTControlCharacters(output).replaceAll(/ \(\d+ [nμm]s\)/g, "");
    expect(lines.trimEnd().split("\n")).toEqual([
      "[==========] Running 3 tests.",
      "[ RUN      ] right",
      "[       OK ] right",
      "[ RUN      ] wrong",
      "in it",
      "[  FAILED  ] wrong",
      "[ RUN      ] ends",
      "[  FAILED  ] ends",
      "[==========] 3 tests ran.",
      "[  PASSED  ] 1 test.",
      "[  FAILED  ] 2 tests, listed below:",
      "[  FAILED  ] wrong",
      "[  FAILED  ] ends",
      "done",
    ]);
    expect(code).toBe(1);
  });

  tracing("are measured many times", async () => {
    const words = ["trace", "--bench", "-f", "json", "-e", source];
    const { code, output, errors } = await runSonde(words);
    const [line = "", end = ""] = output.split("\n");
    const { data } = JSON.parse(line) as {
      data: { sum: { readonly average: number; readonly iters: number } };
    };
    expect(data.sum.iters).toBeGreaterThanOrEqual(200);
    expect(data.sum.average).toBeGreaterThan(0);
    expect(JSON.parse(end)).toEqual({ type: "printf", data: "done\n" });
    expect(errors).toContain("none: not measured, since it returned 1\n");
    expect(code).toBe(0);
  });
});
