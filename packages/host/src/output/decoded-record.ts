import { type MessageCall, type TraceEvent } from "./value.js";

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
      /** It is cleared in the same step. */
      readonly clears?: boolean;
    }
  | { readonly kind: "clearMap"; readonly map: number }
  | { readonly kind: "zeroMap"; readonly map: number }
  | { readonly kind: "exit"; readonly code: number }
  /** Tell a person, on standard error. */
  | { readonly kind: "message"; readonly text: string; readonly call: MessageCall }
  /** Run a command on the target, and print what it writes. */
  | { readonly kind: "system"; readonly text: string }
  /** Print a file of the target's. */
  | { readonly kind: "cat"; readonly text: string };

export type OrdinaryRecord = Extract<
  TraceEvent,
  { readonly kind: "printf" | "value" | "join" | "time" | "event" }
>;

export type DecodedRecord = OrdinaryRecord | ControlRecord;

const controlKinds: ReadonlySet<string> = new Set<ControlRecord["kind"]>([
  ...(["printMap", "clearMap", "zeroMap", "exit", "message", "system", "cat"] as const),
]);

/** Whether a record is something to do rather than something to print. */
export function isControlRecord(record: DecodedRecord): record is ControlRecord {
  return isControlKind(record.kind);
}

/** The same of a record's layout. */
export function isControlKind(kind: string): boolean {
  return controlKinds.has(kind);
}
