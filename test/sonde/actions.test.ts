import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { RunningAgent } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const tracing = requiresFeature("ringbuf", "program_run");
const folder = mkdtempSync(join(tmpdir(), "sonde-actions-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("system()", () => {
  const program = String.raw`BEGIN { printf("before\n"); system("echo %s $((%d + 1)); echo aside >&2", "said", 4); printf("after\n"); exit(); }`;

  tracing(
    "runs a command of the target's shell at its place between the other output",
    async () => {
      const { code, output, errors } = await runSonde(["trace", "--unsafe", program]);
      expect({ code, output }).toEqual({ code: 0, output: "before\nsaid 5\n\nafter\n\n\n" });
      expect(errors).toContain("aside\n");
    },
  );

  tracing("is replayed from a recording, and not run again", async () => {
    const file = join(folder, "recording");
    const mark = join(folder, "mark");
    const once = `BEGIN { system("test -e ${mark} && echo twice; touch ${mark}; echo done"); exit(); }`;
    await runSonde(["trace", "--unsafe", "--record", file, once]);
    expect((await runSonde(["replay", file])).output).toBe("done\n\n\n\n");
  });

  tracing("needs --unsafe", async () => {
    const { code, errors } = await runSonde(["trace", program]);
    expect(code).toBe(1);
    expect(errors).toContain("system() is an unsafe function being used in safe mode");
  });

  tracing("is refused by an agent on a network", async () => {
    const agent = new RunningAgent(["--listen", "ws://127.0.0.1:0"]);
    const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
    const { code, output, errors } = await runSonde(["trace", "--unsafe", "-t", target, program]);
    expect(output).toBe("before\n");
    expect(errors).toContain("--allow-programs");
    expect(code).not.toBe(0);
    agent.kill();
    await agent.ended;
  });
});

describe("cat()", () => {
  tracing("prints a file of the target's, or says why it cannot", async () => {
    const file = join(folder, "a file");
    writeFileSync(file, "contents\n");
    const program = `BEGIN { cat("${folder}/a %s", "file"); cat("${folder}/none"); exit(); }`;
    const { code, output, errors } = await runSonde(["trace", program]);
    expect({ code, output }).toEqual({ code: 0, output: "contents\n\n\n" });
    const why = "(No such file or directory)";
    expect(errors).toContain(`ERROR: failed to open file '${folder}/none' ${why}\n`);
  });

  tracing("stands as such in JSON, as what system() printed does", async () => {
    const program = `BEGIN { system("echo a"); cat("/proc/sys/kernel/osrelease"); exit(); }`;
    const { output } = await runSonde(["trace", "--unsafe", "-f", "json", program]);
    expect(output).toMatch(
      /^\{"type": "syscall", "data": "a\\n"\}\n\{"type": "cat", "data": "\d.*\\n"\}$/m,
    );
  });
});

describe("errorf() and warnf()", () => {
  tracing("say something on standard error, with their place in the program", async () => {
    const { output, errors } = await runSonde([
      ...[
        "trace",
        "-e",
        'BEGIN { errorf("Something bad with args: %d, %s", 10, "arg2"); exit(); }',
      ],
    ]);
    expect(output).toBe("\n\n");
    expect(errors).toContain("stdin:1:9-62: ERROR: Something bad with args: 10, arg2\n");
    const file = join(folder, "script.bt");
    writeFileSync(file, 'BEGIN\n{\n  warnf("hm %s", comm);\n  exit();\n}\n');
    const warned = await runSonde(["trace", "-f", "json", file]);
    expect(warned.output).toMatch(
      /"warnf", "msg": "hm .*", "filename": ".*script.bt", "line": 3, "col": 3}$/m,
    );
  });
});
