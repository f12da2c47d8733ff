/** Sonde as a library: connect to a target, compile a program for it, start it, and take its events. */
export {
  ConnectionClosedError,
  RemoteError,
  type ErrorCode,
  type WireError,
} from "@sonde/protocol";
export { type Diagnostic } from "./language/diagnostic.js";
export { type CompileOptions } from "./language/compile.js";
export { renderDiagnostic } from "./language/render-diagnostic.js";
export { DecodeError } from "./output/decode-error.js";
export {
  type Bucket,
  type MapEntry,
  type MapValue,
  type TraceEvent,
  type Value,
} from "./output/value.js";
export { ConnectError, TargetError } from "./session/errors.js";
export { readKeyFile } from "./session/key-file.js";
export { type LoadOptions, type SessionOptions } from "./session/session.js";
export { type ClockDrift } from "./session/clock-estimator.js";
export { type ClockReport } from "./session/target-clock.js";
export { type TlsOptions } from "./session/tls-options.js";
export { type TargetDescription } from "./spec/target-description.js";
export { type TraceSpec } from "./spec/trace-spec.js";
export { ObjectError } from "./object/object-error.js";
export { type FieldMeaning } from "./output/field-meaning.js";
export { type PlainValue } from "./output/plain-value.js";
export {
  type BpfObject,
  type LoadObjectOptions,
  type ObjectEvent,
  type ObjectTypes,
} from "./trace/bpf-object.js";
export { loadObject } from "./trace/load-object.js";
export { connect } from "./trace/connect.js";
export { openRecording } from "./trace/open-recording.js";
export { type RecordSink } from "./trace/record-pump.js";
export {
  ProgramError,
  Target,
  type AttachOptions,
  type DetachOptions,
  type Program,
  type StartOptions,
} from "./trace/target.js";
export { type ClockChoice } from "./trace/trace-clock.js";
export { Trace, type TraceResult } from "./trace/trace.js";
