import { type ObjectSpec } from "./object-spec.js";
import { type TraceLayout } from "./trace-layout.js";

/** A compiled program of the tracing language: what to load, and how to read what comes back. */
export interface TraceSpec {
  readonly object: ObjectSpec;
  readonly layout: TraceLayout;
}
