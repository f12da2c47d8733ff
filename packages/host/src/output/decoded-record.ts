import { type TraceEvent } from "./value.js";

/** What a program asks of its reader, at its place between the ordinary records. */
export type ControlRecord =
  | {
      readonly kind: "printMap";
      /** Index into TraceLayout.maps. */
      readonly map: number;
      /** 0: all. */
      readonly top: number;
      /** 0: none. */
      readonly divisor: number;
    }
  | { readonly kind: "clearMap"; readonly map: number }
  | { readonly kind: "zeroMap"; readonly map: number }
  | { readonly kind: "exit"; readonly code: number };

export type OrdinaryRecord = Extract<
  TraceEvent,
  { readonly kind: "printf" | "value" | "join" | "time" | "event" }
>;

export type DecodedRecord = OrdinaryRecord | ControlRecord;

/** Whether a record is something to do rather than something to print. */
export function isControlRecord(record: DecodedRecord): record is ControlRecord {
  return (
    record.kind === "printMap" ||
    record.kind === "clearMap" ||
    record.kind === "zeroMap" ||
    record.kind === "exit"
  );
}
