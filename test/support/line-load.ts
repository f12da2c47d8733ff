import { type Line } from "./line.js";
import { hostCommand, RunningCommand, RunningProgram, until } from "./processes.js";

/** What became of events that were made faster than a line carries them. */
export interface LineLoad {
  /** Numbers that the program in the kernel gave. */
  readonly made: number;
  readonly delivered: number;
  /** As sonde said at the end. */
  readonly lost: number;
  /** Events that came twice or after a later one. */
  readonly misplaced: number;
  /** Events each second in which the line was not stalled, while the load was measured. */
  readonly perSecond: number;
  /** Bytes that the line carried towards the host for each. */
  readonly bytesEach: number;
  /** All that sonde said on standard error. */
  readonly errors: string;
  readonly exitCode: number | string;
}

const comm = "lineload";
/** 24 of each event's bytes cannot be compressed. The kernel's buffer is small, so that it is soon full. */
const program = `
  config = { perf_rb_pages = 8 }
  tracepoint:syscalls:sys_enter_getppid /comm == "${comm}"/ {
    @made++;
    $a = nsecs * 0x9e3779b97f4a7c15;
    $b = ($a ^ ($a >> 29)) * 0xbf58476d1ce4e5b9;
    $c = ($b ^ ($b >> 32)) * 0x94d049bb133111eb;
    printf("event %llu %llx %llx %llx\\n", @made, $a, $b, $c);
  }
  END { printf("made %llu\\n", @made); clear(@made); }`;
/** Some thousand events a second: more than the line carries. */
const perl = `$0 = "${comm}"; while (1) { getppid() for 1 .. 10; select(undef, undef, undef, 0.004); }`;
/** For the kernel's buffer to be full, as it then stays. */
const settleMilliseconds = 2000;

/** Traces over a line, which never rests, for so long. */
export async function loadLine(target: string, line: Line, seconds: number): Promise<LineLoad> {
  const load = new RunningCommand("taskset", ["-c", "0", "perl", "-e", perl]);
  const sonde = new RunningProgram(hostCommand, ["trace", "-t", target, "-e", program], {
    env: { ...process.env, SONDE_TARGET: undefined },
  });
  try {
    await sonde.says(/^Attached/m);
    await sleep(settleMilliseconds);
    const before = { at: performance.now(), events: countEvents(sonde), bytes: carried(line) };
    await sleep(seconds * 1000);
    const after = { at: performance.now(), events: countEvents(sonde), bytes: carried(line) };
    sonde.kill("SIGINT");
    if (!(await until(() => sonde.hasEnded, 60_000))) sonde.kill("SIGKILL");
    await sonde.closed;
    const stalled = line.towardsHost.stalledMilliseconds(before.at, after.at);
    const events = after.events - before.events;
    return {
      ...account(sonde),
      perSecond: (events * 1000) / (after.at - before.at - stalled),
      bytesEach: (after.bytes - before.bytes) / events,
      errors: sonde.errors,
      exitCode: await sonde.ended,
    };
  } finally {
    sonde.kill("SIGKILL");
    load.kill("SIGKILL");
  }
}

function account({
  output,
  errors,
}: RunningCommand): Pick<LineLoad, "made" | "delivered" | "lost" | "misplaced"> {
  const numbers = [...output.matchAll(/^event (\d+) /gm)].map(([, number]) => Number(number));
  const lost = [...errors.matchAll(/^lost (\d+) events?$/gim)];
  return {
    made: Number(/^made (\d+)$/m.exec(output)?.[1] ?? NaN),
    delivered: numbers.length,
    lost: lost.reduce((sum, [, count]) => sum + Number(count), 0),
    misplaced: numbers.filter((number, index) => number <= (numbers[index - 1] ?? 0)).length,
  };
}

function countEvents({ output }: RunningCommand): number {
  return output.split("\nevent ").length;
}

function carried(line: Line): number {
  return line.towardsHost.carriedBytes;
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
