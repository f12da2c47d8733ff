import { type Command } from "commander";
import { HeatMap, type HeatMapStyle } from "../picture/heat-map.js";
import { formatPage } from "../picture/html-page.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type RecordSink } from "../trace/record-pump.js";
import { besideSink } from "./beside-sink.js";
import { UsageError } from "./exit-code.js";
import { MadeFile } from "./made-file.js";
import { readPageScript } from "./page-script.js";

export interface HeatMapOptions {
  readonly heatmap?: string;
}

export function addHeatMapOption(command: Command): Command {
  return command.option(
    "--heatmap <file>",
    "also make a picture of the histograms over time: one HTML page, which needs nothing else",
  );
}

/** The heat map that is asked for, or none. */
export class HeatMapFile {
  readonly #file: MadeFile | undefined;
  readonly #heat = new HeatMap();

  /** Throws UsageError. */
  constructor({ heatmap }: HeatMapOptions) {
    this.#file = heatmap === undefined ? undefined : MadeFile.open(heatmap);
  }

  get isAsked(): boolean {
    return this.#file !== undefined;
  }

  /** A sink that also takes the maps that are printed. `now`: nanoseconds since 1970. */
  beside(sink: RecordSink, { nameOf }: HeatMapStyle, now: () => bigint): RecordSink {
    if (this.#file === undefined) return sink;
    const heat = this.#heat;
    return besideSink(sink, {
      event(event): void {
        if (event.kind === "map") heat.add(event, now(), nameOf);
      },
    });
  }

  /** Writes it with what the maps held at the end, if it is asked for, and says so. Throws UsageError. */
  write(
    last: readonly MapEvent[],
    { title, unit, nameOf }: HeatMapStyle,
    now: bigint,
    notices: (text: string) => void,
  ): void {
    if (this.#file === undefined) return;
    for (const map of last) this.#heat.add(map, now, nameOf);
    const { momentCount } = this.#heat;
    if (momentCount === 0) {
      throw new UsageError(`${this.#file.path}: nothing to show: no histogram was printed`, {
        hint: "as in @h = hist(args.ret); interval:s:1 { print(@h); clear(@h); }",
      });
    }
    const data = this.#heat.data(title, unit);
    this.#file.write(formatPage({ title, script: readPageScript("heat-map"), data }));
    notices(`Wrote ${this.#file.path}: ${momentCount} moments\n`);
  }
}
