// Each way of attaching, forced: by an agent that takes the kernel for one without the better ones.
import assert from "node:assert/strict";
import { architectures } from "../architectures.js";
import { describeOutcome } from "../board-under-test.js";
import { libc } from "../userland.js";
import { NotApplicable } from "./check.js";
import { requireKretprobes } from "./kretprobe.js";

/** @typedef {import("../board-under-test.js").BoardUnderTest} BoardUnderTest */

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {readonly string[]} needs
 * @property {readonly string[]} without
 * @property {"PMU" | "_events"} maker   what makes kprobes and uprobes
 * @property {string} binding            what binds the program to them
 */

const units = ["kprobe_pmu", "uprobe_pmu"];
const byLink = { needs: ["perf_event_link"], binding: "perf event link" };
const byIoctl = { needs: [], binding: "PERF_EVENT_IOC_SET_BPF" };

/** @type {readonly Way[]} */
const ways = [
  { ...byLink, name: "by unit and link", without: [], maker: "PMU" },
  {
    ...byIoctl,
    name: "by unit and ioctl",
    without: ["perf_event_link", "tracing_link"],
    maker: "PMU",
  },
  { ...byLink, name: "by tracefs and link", without: units, maker: "_events" },
  {
    ...byIoctl,
    name: "by tracefs and ioctl",
    without: [...units, "perf_event_link"],
    maker: "_events",
  },
];

/** @type {readonly import("./check.js").Check[]} */
export const attachWayChecks = [
  ...ways.flatMap((way) => [
    {
      name: `kprobe and kretprobe, ${way.name}`,
      needs: ["kprobe", ...way.needs],
      without: way.without,
      run: async (/** @type {BoardUnderTest} */ on) => {
        const output = await traceBothEnds(on, way, {
          entry: "kprobe:do_sys_openat2",
          end: "kretprobe:do_sys_openat2",
          filter: 'comm == "cat"',
        });
        assert.match(output, /^entered and left$/m);
      },
    },
    {
      name: `uprobe and uretprobe, ${way.name}`,
      needs: ["uprobe", ...way.needs],
      without: way.without,
      run: async (/** @type {BoardUnderTest} */ on) => {
        const { probed } = architectures[on.board.architecture];
        const place = `${libc(on.board)}:${probed.name}`;
        const ends = {
          entry: `uprobe:${place}`,
          end: `uretprobe:${place}`,
          filter: 'comm == "dash"',
        };
        if (on.board.architecture === "armhf") {
          // Its library has Thumb code, to which no uretprobe can return.
          await traceBothEnds(on, way, { ...ends, end: ends.entry });
          throw new NotApplicable(`the uprobe is attached; ${await refusalOf(on, ends.end)}`);
        }
        assert.match(await traceBothEnds(on, way, ends), /^entered and left$/m);
      },
    },
  ]),
  ...ways.slice(0, 2).map(({ name, needs, without, binding }) => ({
    name: `tracepoint, ${name.replace("unit and ", "")}`,
    needs: ["tracepoint", ...needs],
    without,
    run: async (/** @type {BoardUnderTest} */ on) => {
      // One that does not read its record is attached as a raw tracepoint.
      const program = "tracepoint:sched:sched_switch /args.next_pid >= 0/ { exit(); }";
      const outcome = await on.start("trace", "-v", "-e", program).ended;
      assert.equal(outcome.code, 0, describeOutcome(outcome));
      assert.match(outcome.errors, new RegExp(`^attached tracepoint:.* \\(${binding}\\)$`, "m"));
    },
  })),
  {
    name: "fexit, by the command that links replaced",
    needs: ["fexit"],
    without: ["perf_event_link", "tracing_link"],
    run: async (on) => {
      const program = `fexit:do_sys_openat2 /comm == "cat" && retval < 0/ { printf("%d\\n", retval); exit(); }`;
      const outcome = await on.start("trace", "-v", "-e", program).ended;
      assert.equal(outcome.code, 0, describeOutcome(outcome));
      assert.match(outcome.output, /^-2$/m);
      assert.match(outcome.errors, /^attached by BTF.* \(BPF_RAW_TRACEPOINT_OPEN\)$/m);
    },
  },
  {
    name: "kprobe, when there is no way left",
    needs: ["kprobe"],
    without: ["kprobe_pmu", "kprobe_events"],
    run: async (on) => {
      const outcome = await on.start("trace", "-e", "kprobe:do_sys_openat2 { exit(); }").ended;
      assert.equal(outcome.code, 3, describeOutcome(outcome));
      assert.match(
        outcome.errors,
        /attach kprobe do_sys_openat2: kprobe PMU: not in this kernel; kprobe_events: openat: ENOENT/,
      );
    },
  },
];

/**
 * What a program that cannot be attached is answered.
 *
 * @param {BoardUnderTest} on
 * @param {string} probe
 */
async function refusalOf(on, probe) {
  const { code, errors } = await on.start("trace", "-e", `${probe} { exit(); }`).ended;
  assert.equal(code, 1, errors);
  return /ERROR: (.*)/.exec(errors)?.[1] ?? errors;
}

/**
 * Traces a function until it has been entered and left once, and makes sure of how it was attached.
 *
 * @param {BoardUnderTest} on
 * @param {Way} way
 * @param {{ entry: string, end: string, filter: string }} probes
 */
async function traceBothEnds(on, { maker, binding }, { entry, end, filter }) {
  const outcome = await on.start(
    ...["trace", "-v", "-e"],
    `${entry} /${filter}/ { @entered[tid] = 1; }
     ${end} /@entered[tid]/ { printf("entered and left\\n"); exit(); }
     END { clear(@entered); }`,
  ).ended;
  await requireKretprobes(on, outcome.errors);
  assert.equal(outcome.code, 0, describeOutcome(outcome));
  const attached = outcome.errors.match(/^attached u?k?(ret)?probe:.*$/gm) ?? [];
  assert.equal(attached.length, 2, outcome.errors);
  for (const line of attached) {
    assert.match(line, new RegExp(`\\([ku]probe ?${maker}, ${binding}\\)$`));
  }
  return outcome.output.trim();
}
