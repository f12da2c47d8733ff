import { type Command } from "commander";
import { isControlRecord } from "../output/decoded-record.js";
import { type RecordDecoder } from "../output/record-decoder.js";
import { Timeline } from "../picture/timeline.js";
import { type RecordSink } from "../trace/record-pump.js";
import { besideSink } from "./beside-sink.js";
import { UsageError } from "./exit-code.js";
import { MadeFile } from "./made-file.js";

export interface TimelineOptions {
  readonly perfetto?: string;
}

export function addTimelineOption(command: Command): Command {
  return command.option(
    "--perfetto <file>",
    "also write the records on tracks of CPUs, processes and threads, for ui.perfetto.dev",
  );
}

/** The timeline that is asked for, or none. */
export class TimelineFile {
  readonly #file: MadeFile | undefined;
  readonly #timeline = new Timeline();

  /** Throws UsageError. */
  constructor({ perfetto }: TimelineOptions) {
    this.#file = perfetto === undefined ? undefined : MadeFile.open(perfetto);
  }

  get isAsked(): boolean {
    return this.#file !== undefined;
  }

  /** A sink that also takes what goes into another one. */
  beside(sink: RecordSink, decoder: () => RecordDecoder): RecordSink {
    if (this.#file === undefined) return sink;
    const [timeline, decode] = [this.#timeline, decoder()];
    return besideSink(sink, {
      record(bytes, offset, length): void {
        const decoded = decode.decode(bytes, offset, length);
        if (!isControlRecord(decoded) && decoded.kind === "event") timeline.add(decoded);
      },
    });
  }

  /** Writes it, if it is asked for, and says so. Throws UsageError. */
  write(notices: (text: string) => void): void {
    if (this.#file === undefined) return;
    const { eventCount } = this.#timeline;
    if (eventCount === 0) {
      throw new UsageError(`${this.#file.path}: nothing to show: no record came that has a time`, {
        hint: 'as in emit("exec", "nsecs", nsecs, "pid", pid, "tid", tid, "cpu", cpu, "comm", comm)',
      });
    }
    this.#file.write(this.#timeline.encode());
    notices(`Wrote ${this.#file.path}: ${eventCount} events\n`);
  }
}
