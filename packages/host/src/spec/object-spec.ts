import { type AttachmentSpec, type RunSpec } from "./attachment-spec.js";
import { type MapSpec } from "./map-spec.js";
import { type ProgramSpec } from "./program-spec.js";

/** The one meeting point: compilers, loaders and tools make it, the session turns it into a plan. */
export interface ObjectSpec {
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgramSpec[];
  readonly attachments: readonly AttachmentSpec[];
  readonly runs: readonly RunSpec[];
  readonly streams: readonly StreamSpec[];
  /** The types that maps and programs refer to, as BTF in the target's byte order. */
  readonly types?: Uint8Array;
}

/** A ring buffer or perf event array whose records are sent to the host. */
export interface StreamSpec {
  readonly map: string;
  /**
   * An array of one value, mmapable where the target has that, whose first u64 counts records that did not fit; without one
   * nobody counts them.
   */
  readonly lossMap?: string;
}
