import { type TargetFeatures } from "@sonde/protocol";
import { type OpeningStep, Session } from "../session/session.js";
import { exitCodes } from "./exit-code.js";
import { printable } from "./printable.js";
import { chooseTarget, type LinkOptions } from "./target-options.js";

const roundTrips = 5;
/** Each of them is what a probe can hang on. */
const attaching = ["tracepoint", "raw_tracepoint", "perf_event", "kprobe", "uprobe"];

/** Opens a session on a target and prints what is there, and how long each step took. Throws what opening throws. */
export async function testTarget(given: string | undefined, options: LinkOptions): Promise<void> {
  const { target, session: how } = chooseTarget({
    ...options,
    ...(given === undefined ? {} : { target: given }),
  });
  print(target.name === undefined ? target.url : `${target.name}: ${target.url}`);
  const watch = new StepWatch();
  await using session = await Session.open(target.url, {
    ...how,
    asksFeaturesAnew: true,
    onStep: (step) => {
      watch.done(step);
    },
  });
  const { hello, description, features } = session;
  const { release, machine, pointerSize } = description;
  print(row("link", watch.took("link"), "reached"));
  print(row("hello", watch.took("hello"), hello.agent));
  print(
    row(
      "description",
      watch.took("description"),
      `Linux ${release}, ${machine}, ${pointerSize * 8} bits`,
    ),
  );
  const bpf = judgeBpf(features);
  print(row("features", watch.took("features"), bpf.summary));
  print(row("round trip", await medianRoundTrip(session), `median of ${roundTrips}`));
  if (!bpf.works) process.exitCode = exitCodes.refused;
}

/** How long each step took, in milliseconds. */
class StepWatch {
  readonly #took = new Map<OpeningStep, number>();
  #last = performance.now();

  done(step: OpeningStep): void {
    const now = performance.now();
    this.#took.set(step, now - this.#last);
    this.#last = now;
  }

  took(step: OpeningStep): number {
    return this.#took.get(step) ?? 0;
  }
}

/** Of the smallest thing that an agent can be asked for: to remove what was made, which is nothing. */
async function medianRoundTrip(session: Session): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < roundTrips; count++) {
    const start = performance.now();
    await session.clear();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(roundTrips / 2)] ?? 0;
}

function judgeBpf(features: TargetFeatures): { readonly works: boolean; readonly summary: string } {
  const all = Object.entries(features);
  const lacking = all.filter(([, { state }]) => state !== "supported");
  const works = attaching.some((name) => features[name]?.state === "supported");
  if (!works) {
    const reason = features["tracepoint"]?.reason ?? "nothing can be attached";
    return { works, summary: `BPF does not work: ${reason} (sonde info says more)` };
  }
  const without =
    lacking.length === 0 ? "" : `, without ${lacking.map(([name]) => name).join(", ")}`;
  return {
    works,
    summary: `BPF works: ${all.length - lacking.length} of ${all.length} features${without}`,
  };
}

function row(step: string, milliseconds: number, what: string): string {
  return `  ${step.padEnd(12)}${milliseconds.toFixed(1).padStart(8)} ms  ${what}`;
}

function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}
