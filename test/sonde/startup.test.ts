import { describe, expect } from "@jest/globals";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { childrenOf, isRunning, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "ringbuf");

/** On a machine that is busy with other tests one start may take longer. */
const attempts = 5;

describe("sonde opensnoop", () => {
  tracing("prints the path of a file that is opened a second after it was started", async () => {
    const seen: boolean[] = [];
    while (seen.length < attempts && seen.at(-1) !== true) {
      const path = `/none/startup-${seen.length}`;
      const workload = await Workload.start("start-open", `open(my $f, "<", "${path}");`);
      const sonde = startSonde(["opensnoop"]);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await workload.step();
      await workload.end();
      const [agent = 0] = childrenOf(sonde.pid);
      const held = heldBy(agent);
      const { code, output, errors } = await interrupt(sonde);
      seen.push(output.includes(path));
      expect({ code, errors }).toEqual({ code: 130, errors: "" });
      expect(await leftInKernel(held)).toEqual([]);
    }
    expect(seen.at(-1)).toBe(true);
  });

  tracing("ends with Ctrl-C at any moment of its start, and leaves nothing", async () => {
    const delays = [20, 60, 100, 140, 180, 240, 320, 450];
    for (const delay of delays) {
      const sonde = startSonde(["opensnoop"]);
      let agents: readonly number[] = [];
      let held = new Set<string>();
      const deadline = performance.now() + delay;
      await until(() => {
        agents = childrenOf(sonde.pid);
        held = new Set([...held, ...agents.flatMap((pid) => [...heldIfRunning(pid)])]);
        return performance.now() > deadline;
      }, 5000);
      const { code, errors } = await interrupt(sonde);
      // Before there is anything to end in an orderly way the signal itself ends it.
      expect([130, "SIGINT"]).toContain(code);
      expect(errors).toBe("");
      expect(await until(() => !agents.some(isRunning), 3000)).toBe(true);
      expect(await leftInKernel(held)).toEqual([]);
    }
  });
});

function heldIfRunning(pid: number): ReadonlySet<string> {
  try {
    return heldBy(pid);
  } catch {
    // It has ended meanwhile.
    return new Set();
  }
}
