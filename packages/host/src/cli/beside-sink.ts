import { type RecordSink } from "../trace/record-pump.js";

/** A sink that gives what comes to others, too, before it gives it to the one behind it. */
export function besideSink(
  sink: RecordSink,
  others: Partial<Pick<RecordSink, "record" | "event">>,
): RecordSink {
  return {
    record(bytes, offset, length): void {
      others.record?.(bytes, offset, length);
      sink.record(bytes, offset, length);
    },
    event(event): void {
      others.event?.(event);
      sink.event(event);
    },
    flush(): void {
      sink.flush();
    },
    ready: () => sink.ready(),
  };
}
