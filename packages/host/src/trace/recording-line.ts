import { type ControlGroupPath, type SymbolName } from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";
import { type TargetDescription } from "../spec/target-description.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { type ActionResult, type FinalCounts, type SourceSpan } from "./trace-source.js";

/**
 * A recording is a text file of JSON lines (tagged-json.ts): a header, then what came from the target in the order in
 * which it came, raw. It can be printed again in any format, on any machine.
 */
export type RecordingLine =
  | { readonly kind: "header"; readonly header: RecordingHeader }
  /** `at`: nanoseconds since 1970. */
  | { readonly kind: "span"; readonly at: bigint; readonly span: SourceSpan }
  | { readonly kind: "dump"; readonly map: string; readonly dump: MapDump }
  | {
      readonly kind: "symbol";
      readonly address: bigint;
      readonly name: string;
      readonly offset: bigint;
    }
  | (SymbolName & {
      readonly kind: "userSymbol";
      readonly pid: number;
      readonly address: bigint;
    })
  | {
      readonly kind: "stack";
      readonly limit: number;
      readonly stack: bigint;
      readonly pid: number;
      readonly frames: readonly bigint[];
    }
  | {
      readonly kind: "controlGroup";
      readonly id: bigint;
      readonly paths: readonly ControlGroupPath[];
    }
  /** What came of system() or cat(). */
  | { readonly kind: "action"; readonly result: ActionResult }
  | { readonly kind: "finish"; readonly counts: FinalCounts };

/** What an address of a process is found by. */
export function userAddressName(address: bigint, pid: number): string {
  return `${pid} ${address}`;
}

/** What a stack of a recording is found by. */
export function stackName(stack: bigint, limit: number): string {
  return `${limit} ${stack}`;
}

export interface RecordingHeader {
  readonly format: "sonde recording";
  readonly version: 1;
  /** The program's text. */
  readonly source: string;
  readonly spec: TraceSpec;
  readonly target: TargetDescription;
}
