import { type TraceEvent } from "./value.js";

export type MapEvent = Extract<TraceEvent, { readonly kind: "map" }>;

/** Where a writer's text goes. */
export interface TraceSink {
  /** What the trace produced: standard output, or a file. */
  readonly output: (text: string) => void;
  /** What is said about it ("Attached 2 probes", "Lost 5 events"): standard error. */
  readonly notices: (text: string) => void;
}

/** Writes a trace's events in one format, in the order in which they come. */
export interface TraceWriter {
  event(event: TraceEvent): void;
  /** Ends the trace with the maps that are printed then (none when the script says so). Called once. */
  end(maps: readonly MapEvent[]): void;
}
