import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import {
  hostCommand,
  RunningAgent,
  type RunningCommand,
  RunningProgram,
} from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { endOf, interrupt, runSonde, startAttached } from "../support/sonde.js";
import { TerminalPair } from "../support/terminals.js";
import { runWorkload } from "../support/workload.js";

const tracing = requiresCommand(
  "socat",
  "socat",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);

const folder = mkdtempSync(join(tmpdir(), "sonde-serial-"));
const running: RunningCommand[] = [];
const pairs: TerminalPair[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
  for (const pair of pairs.splice(0)) await pair.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let count = 0;

/** An agent at one end of a cable; gives the terminal at the other. */
async function startAgentOnCable(): Promise<string> {
  const [near, far] = [join(folder, `host${count}`), join(folder, `board${count++}`)];
  pairs.push(await TerminalPair.open(near, far));
  const agent = new RunningAgent(["--serial", far]);
  running.push(agent);
  await agent.says(/^listening on serial:/m);
  return near;
}

describe("over a serial port of this machine", () => {
  tracing("a trace is as over any other way", async () => {
    const device = await startAgentOnCable();
    const program =
      'tracepoint:syscalls:sys_enter_openat /comm == "portopens"/ { printf("%s\\n", str(args->filename)); @n = count(); }';
    const sonde = await startAttached(["-t", `serial:${device}?baud=115200`, "-e", program]);
    await runWorkload("portopens", 'open(my $f, "<", "/none/$_") for 1 .. 200;');
    await sonde.prints(/^\/none\/200$/m);
    const { code, output } = await interrupt(sonde);
    const opens = output.split("\n").filter((line) => line.startsWith("/none/"));
    expect(opens).toEqual(Array.from({ length: 200 }, (_, index) => `/none/${index + 1}`));
    expect(output).toMatch(/^@n: \d+$/m);
    expect(code).toBe(130);
  });

  tracing("a port that another sonde has is told to be taken, and is free after it", async () => {
    const target = `serial:${await startAgentOnCable()}`;
    const first = await startAttached(["-t", target, "-e", "interval:s:1 { @ = count(); }"]);
    const second = await runSonde(["info", "-t", target]);
    expect(second.errors).toMatch(/another program has it open/);
    expect(second.code).toBe(2);
    expect((await interrupt(first)).code).toBe(130);
    expect((await runSonde(["info", "-t", target])).code).toBe(0);
  });

  test("a port that is not there, or is none, is told as such", async () => {
    const missing = await runSonde(["info", "-t", `serial:${join(folder, "none")}`]);
    expect(missing.errors).toMatch(
      /none: no such file or directory\n.*is the adapter plugged in\?/,
    );
    const file = await runSonde(["info", "-t", `serial:${hostCommand}`]);
    expect(file.errors).toMatch(/must be a serial port/);
    expect([missing.code, file.code]).toEqual([2, 2]);
  });

  test("without the library the message says what to install", async () => {
    const built = join(dirname(hostCommand), "..", "dist");
    const names = readdirSync(built).filter((name) => name.endsWith(".cjs"));
    for (const name of names) copyFileSync(join(built, name), join(folder, name));
    const sonde = new RunningProgram(join(folder, "sonde.cjs"), ["info", "-t", "serial:/dev/null"]);
    const { code, errors } = await endOf(sonde);
    expect(errors).toMatch(/serialport is not installed\n.*npm install serialport/);
    expect(code).toBe(2);
  });
});
