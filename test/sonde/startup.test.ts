import { describe, expect } from "@jest/globals";
import { heldBy, stillInKernel } from "../support/kernel-objects.js";
import { childrenOf } from "../support/processes.js";
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
      expect(stillInKernel(held)).toEqual([]);
    }
    expect(seen.at(-1)).toBe(true);
  });
});
