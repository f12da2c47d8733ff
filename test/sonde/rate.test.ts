import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { startAgentOnLine } from "../support/agent-on-line.js";
import { hostCommand, RunningCommand, startAgent } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, startAttached } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "ringbuf", "perf_event");

const folder = mkdtempSync(join(tmpdir(), "sonde-rate-"));
let agent: RunningCommand;
let target = "";
beforeAll(async () => {
  ({ agent, target } = await startAgent("--listen", "ws://127.0.0.1:0"));
});
afterAll(() => {
  agent.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const ticking = 'interval:ms:100 { printf("tick\\n"); }';
const rateLine = /^\d+ events\/s, [\d.]+ k?B\/s, nothing lost$/m;

describe("sonde trace --rate", () => {
  tracing(
    "tells each second on standard error how fast events come, and lets the output be",
    async () => {
      const sonde = await startAttached(["-t", target, "--rate", "-e", ticking]);
      await sonde.says(new RegExp(`(${rateLine.source}\\n){2}`, "m"));
      const { output, errors } = await interrupt(sonde);
      expect(output.trim()).toMatch(/^(tick\n)+tick$/);
      expect(errors).toMatch(/^[1-9]\d* events\/s/m);
    },
  );

  tracing(
    "says on a slow line how full it is, and what is lost for that",
    async () => {
      const { target: line } = await startAgentOnLine({ baud: 115_200 });
      const flood = await Workload.start(
        "rate-flood",
        'for (;;) { open(my $none, "<", "/none"); }',
      );
      const program = `config = { perf_rb_pages = 16 }
      tracepoint:syscalls:sys_enter_openat /comm == "rate-flood"/ { printf("%llu %llx\\n", nsecs, rand); }`;
      const sonde = await startAttached(["-t", line, "--rate", "-e", program]);
      flood.begin();
      await sonde.says(
        /^[\d,]+ events\/s, 1?\d\.\d kB\/s \(\d+ % of the line\), .*[\d,]+ lost: the line is full/m,
      );
      await flood.stop();
      await interrupt(sonde);
    },
    120_000,
  );

  tracing(
    "has a line of its own on a terminal, without being asked, and leaves none behind",
    async () => {
      const file = join(folder, "output");
      const program = `${ticking} interval:s:3 { exit(); }`;
      const command = `exec '${process.execPath}' '${hostCommand}' trace -t '${target}' -e '${program}' >'${file}'`;
      const { output } = await endOf(new RunningCommand("script", ["-qefc", command, "/dev/null"]));
      expect(readFileSync(file, "utf8").trim()).toMatch(/^(tick\n)+tick$/);
      const [said, ...rates] = output.split("\r\u001b[K");
      expect(said).toBe("Attached 2 probes\r\n");
      expect(rates.length).toBeGreaterThanOrEqual(3);
      expect(rates.pop()).toBe("");
      for (const rate of rates) expect(rate).toMatch(rateLine);
    },
  );

  tracing("is silent without a terminal unless it is asked", async () => {
    const sonde = await startAttached(["-t", target, "-e", ticking]);
    await sonde.prints(/(tick\n){15}/);
    const { errors } = await interrupt(sonde);
    expect(errors).toBe("Attached 1 probe\n");
  });
});
