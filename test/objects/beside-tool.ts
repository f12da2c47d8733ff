import { type SpawnOptions } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunningCommand, until } from "../support/processes.js";
import { embeddedObjects } from "./embedded-objects.js";

const sonde = new URL("../../packages/host/bin/sonde.cjs", import.meta.url).pathname;
const startMilliseconds = 60_000;

export interface JsonLine {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How often values were counted that are this or more, and less than twice as much. */
export type Histogram = ReadonlyMap<number, number>;

/** Runs tools of Debian's package, and the objects within them, beside each other. */
export class BesideTool {
  readonly #folder: string;

  /** `folder`: where the objects are put. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What each printed, until both have told enough of what was done. */
  async run(
    tool: string,
    options: readonly string[],
    work: () => void,
    isDone: (output: string) => boolean,
  ): Promise<{ readonly theirs: string; readonly ours: readonly JsonLine[] }> {
    return await this.#beside(tool, [], ["--no-maps", ...options], "PID", async (outputs) => {
      work();
      await until(() => outputs().every(isDone), startMilliseconds);
    });
  }

  /** The histogram of each, which they print in the end. */
  async histograms(
    tool: string,
    theirOptions: readonly string[],
    options: readonly string[],
    work: () => void | Promise<void>,
  ): Promise<{ readonly theirs: Histogram; readonly ours: Histogram }> {
    const { theirs, ours } = await this.#beside(tool, theirOptions, options, "Tracing", work);
    return { theirs: readTable(theirs), ours: readJson(ours) };
  }

  async #beside(
    tool: string,
    theirOptions: readonly string[],
    options: readonly string[],
    start: string,
    work: (outputs: () => readonly string[]) => void | Promise<void>,
  ): Promise<{ readonly theirs: string; readonly ours: readonly JsonLine[] }> {
    const piped: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"] };
    const args = [sonde, "run", this.#objectOf(tool), "-f", "json", ...options];
    const ours = new RunningCommand(process.execPath, args, piped);
    let theirs: RunningCommand | undefined;
    try {
      await until(() => ours.errors.includes("Attached"), startMilliseconds);
      // The tool starts in less time. What it prints into a pipe it would else keep until the end.
      theirs = new RunningCommand("stdbuf", ["-oL", `/usr/sbin/${tool}`, ...theirOptions], piped);
      const tells = theirs;
      await until(() => tells.output.includes(start), startMilliseconds);
      await work(() => [tells.output, ours.output]);
    } finally {
      theirs?.kill("SIGINT");
      ours.kill("SIGINT");
      await Promise.all([theirs?.ended, ours.ended]);
    }
    const lines = ours.output.split("\n").filter((line) => line !== "");
    return { theirs: theirs.output, ours: lines.map((line) => JSON.parse(line) as JsonLine) };
  }

  /** The object within a tool, as a file. */
  #objectOf(tool: string): string {
    const [object] = embeddedObjects(`/usr/sbin/${tool}`);
    if (object === undefined) throw new Error(`${tool} has no object in it`);
    const path = join(this.#folder, `${tool}.bpf.o`);
    writeFileSync(path, object.bytes);
    return path;
  }
}

/** Lines as "   4 -> 7   : 12   |****  |". */
function readTable(text: string): Histogram {
  const rows = text.matchAll(/^ +(\d+) -> \d+ +: (\d+) /gm);
  return new Map([...rows].map(([, low, count]) => [Number(low), Number(count)]));
}

function readJson(lines: readonly JsonLine[]): Histogram {
  const [line] = lines.filter(({ type }) => type === "hist");
  // There is one map of histograms, and what printed it is ours.
  const maps = (line?.data["hists"] ?? {}) as Readonly<
    Record<string, readonly { readonly min?: number; readonly count: number }[]>
  >;
  const rows = Object.values(maps).flat();
  return new Map(rows.map(({ min, count }) => [min ?? 0, count]));
}
