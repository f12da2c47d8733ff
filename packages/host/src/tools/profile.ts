import { parseId } from "./parse-option.js";
import { describeStacks, shownStacks, stackKeys, type StackOptions } from "./stack-frames.js";
import {
  delimited,
  durationArgument,
  folded,
  parsePositive,
  refuseBoth,
  stackStorageSize,
  whichStacks,
} from "./stack-options.js";
import { mapNamed, threadPicture, threadRows, type ThreadStacksStyle } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRun } from "./tool.js";

interface Options extends StackOptions {
  readonly pid?: number;
  readonly tid?: number;
  readonly cpu?: number;
  readonly frequency?: number;
  readonly count?: number;
  readonly delimited?: boolean;
  readonly annotations?: boolean;
  readonly includeIdle?: boolean;
  readonly folded?: boolean;
  readonly stackStorageSize: number;
  readonly duration?: number;
}

export const profile: Tool = {
  name: "profile",
  summary: "what the CPUs are doing: stacks sampled in a steady rhythm",
  description:
    "Samples on each CPU which code runs, 49 times a second unless -F says otherwise, and counts equal stacks on the target. Each " +
    "is shown with the process that ran, and how often it was seen. A CPU that idles is not shown (-I does).",
  examples: [
    ["sonde profile", "until Ctrl-C, as text"],
    ["sonde profile -F 199 --flamegraph cpu.html 10", "ten seconds, as a flame graph"],
    ["sonde profile -p 181 -t ssh://root@board", "one process, on a board"],
    ["sonde profile -f 5 > cpu.folded", "for other flame graph programs"],
    ["sonde profile -K -C 0", "the kernel's part alone, on the first CPU"],
    ["sonde profile --pprof cpu.pb.gz 30", "then: go tool pprof -http : cpu.pb.gz"],
  ],
  options: [
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    { flags: "-L, --tid <tid>", description: "only this thread", parse: parseId },
    ...whichStacks,
    {
      flags: "-F, --frequency <hertz>",
      description: "samples a second on each CPU (49)",
      parse: parsePositive,
    },
    {
      flags: "-c, --count <nanoseconds>",
      description: "a sample for so much time on a CPU, instead of -F",
      parse: parsePositive,
    },
    delimited,
    { flags: "-a, --annotations", description: "_[k] behind frames of the kernel" },
    { flags: "-I, --include-idle", description: "CPUs that idle, too" },
    folded,
    { flags: "-C, --cpu <cpu>", description: "only this CPU", parse: parseId },
    stackStorageSize,
  ],
  arguments: [durationArgument],
  hasStacks: true,
  create: (options) =>
    // They were parsed as `options` above says.
    createRun(options as ToolOptions & Options),
};

function createRun(options: ToolOptions & Options): ToolRun {
  refuseBoth(
    options,
    ["pid", "tid"],
    ["frequency", "count"],
    ["userStacksOnly", "kernelStacksOnly"],
  );
  const style = styleOf(options);
  return {
    program: programFor(options),
    durationSeconds: options.duration,
    header: () => (options.folded === true ? undefined : headerFor(options)),
    table: (maps, { isLast }) => (isLast ? threadRows(mapNamed(maps, "@"), style) : []),
    picture: (maps) => threadPicture(mapNamed(maps, "@"), style),
  };
}

function styleOf(options: Options): ThreadStacksStyle {
  return {
    stacks: shownStacks(options),
    frames: { indent: 4, marksKernel: options.annotations === true },
    isDelimited: options.delimited === true,
    isFolded: options.folded === true,
    title: "CPU profile",
    unit: "samples",
    valueName: "count",
  };
}

function headerFor(options: Options): string {
  const { count, frequency, pid, tid, cpu, duration } = options;
  const rhythm = count === undefined ? `${frequency ?? 49} Hertz` : `every ${count} events`;
  const who = pid !== undefined ? `PID ${pid}` : tid !== undefined ? `TID ${tid}` : "all threads";
  const where = cpu === undefined ? "" : ` on CPU#${cpu}`;
  const end = duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
  return `Sampling at ${rhythm} of ${who} by ${describeStacks(shownStacks(options))} stack${where}${end}\n`;
}

function programFor(options: Options): string {
  const { pid, tid, cpu, count, frequency, includeIdle } = options;
  const conditions = [
    ...(includeIdle === true ? [] : ["pid != 0"]),
    ...(pid === undefined ? [] : [`pid == ${pid}`]),
    ...(tid === undefined ? [] : [`tid == ${tid}`]),
    ...(cpu === undefined ? [] : [`cpu == ${cpu}`]),
  ];
  const probe =
    count === undefined ? `profile:hz:${frequency ?? 49}` : `software:cpu-clock:${count}`;
  const predicate = conditions.length === 0 ? "" : ` /${conditions.join(" && ")}/`;
  return `config = { max_map_keys = ${options.stackStorageSize} }
${probe}${predicate} {
  @[comm, pid, ${stackKeys(shownStacks(options)).join(", ")}] = count();
}
`;
}
