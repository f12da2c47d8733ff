import { writeFileSync } from "node:fs";
import { describe, expect } from "@jest/globals";
import { agentWords } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, runSonde, startAttached, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint");
const onNewFormats = requiresFeature("raw_tracepoint", "trace_vprintk");

/** A word that no other line has. */
let lineCount = 0;
const newWord = (): string => `sonde-test-${process.pid}-${lineCount++}`;

const following = /^Following \/.*\/trace_pipe$/m;

describe("debugf and sonde trace-pipe", () => {
  tracing("give a line for each event, with the strings that it read", async () => {
    const word = newWord();
    const opens = await Workload.start("debugf", 'open(my $none, "<", "/none/$_") for 1..3;');
    const trace = await startAttached([
      "-e",
      `tracepoint:syscalls:sys_enter_openat /pid == $1/ { debugf("${word} opens %s, %d\\n", str(args.filename), args.dfd); }`,
      String(opens.pid),
    ]);
    const pipe = startSonde(["trace-pipe"]);
    await pipe.says(following);
    opens.begin();
    await pipe.prints(new RegExp(`${word} opens /none/3`));
    const { output, code } = await interrupt(pipe);
    await interrupt(trace);
    const ours = output.split("\n").filter((line) => line.includes(word));
    expect(ours.map((line) => line.slice(line.indexOf("opens")))).toEqual([
      "opens /none/1, -100",
      "opens /none/2, -100",
      "opens /none/3, -100",
    ]);
    expect(ours[0]).toMatch(/^ *debugf-\d+ +\[\d+\] .* [\d.]+: /);
    // Not one empty line between them.
    expect(output).not.toContain("\n\n");
    expect(code).toBe(130);
  });

  tracing("say that no line can come while the target's tracing is off", async () => {
    const path = "/sys/kernel/tracing/tracing_on";
    writeFileSync(path, "0");
    try {
      const pipe = startSonde(["trace-pipe"]);
      await pipe.says(
        /^sonde: warning: tracing is switched off on the target.*echo 1 > .*tracing_on/m,
      );
      await interrupt(pipe);
    } finally {
      writeFileSync(path, "1");
    }
  });

  const twoWays = [
    { name: "a kernel that takes long lines", target: [], runs: onNewFormats },
    {
      name: "one that takes three values",
      target: ["-t", `exec:${agentWords} --stdio --without trace_vprintk`],
      runs: tracing,
    },
  ];
  for (const { name, target, runs } of twoWays) {
    runs(`show numbers as printf() does, on ${name}`, async () => {
      const word = newWord();
      const lines = [
        '%s %d", comm, (int8)-3',
        '%u %x", -3, (uint64)0x1234567890',
        '%lld %hhx %llx", -5, 0x1ff, 0x1234567890',
      ];
      const both = lines.map(
        (line) => `printf("${line}); printf("\\n"); debugf("${word} ${line});`,
      );
      const { output, code } = await runSonde([
        "trace",
        ...target,
        ...["-e", `BEGIN { ${both.join(" ")} exit(); }`],
      ]);
      expect(code).toBe(0);
      const pipe = startSonde(["trace-pipe"]);
      await pipe.prints(new RegExp(`(${word}.*\\n[^]*){3}`));
      const piped = (await interrupt(pipe)).output
        .split("\n")
        .filter((line) => line.includes(word))
        .map((line) => line.slice(line.indexOf(word) + word.length + 1));
      expect(piped).toEqual(output.trim().split("\n"));
    });
  }

  tracing("leave the pipe to the next reader, and say that it has one", async () => {
    const first = startSonde(["trace-pipe"]);
    await first.says(following);
    const second = startSonde(["trace-pipe"]);
    await second.says(/^Following|another reader/m);
    if (following.test(second.errors)) {
      await interrupt(second);
    } else {
      // Since 6.6 there can be only one.
      const told = await endOf(second);
      expect(told.errors).toContain("open /sys/kernel/tracing/trace_pipe: openat: EBUSY");
      expect(told.code).toBe(3);
    }
    await interrupt(first);
    const third = startSonde(["trace-pipe"]);
    await third.says(following);
    expect((await interrupt(third)).code).toBe(130);
  });
});
