import { isHandle, type Handle } from "@sonde/protocol";
import { gunzipSync, gzipSync } from "node:zlib";
import { type MapDump } from "../output/map-dump.js";
import { type LoadedHandles } from "../session/build-plan.js";
import { TargetError } from "../session/errors.js";
import { hostVersion } from "../session/version.js";
import { type RunSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec, type StreamSpec } from "../spec/object-spec.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { isDump, isLayout } from "./recording-shape.js";
import { type Guard, isArrayOf, isObject, isOneOf, isString, isWhole } from "./shape.js";
import { decodeTagged, encodeTagged } from "./tagged-json.js";

/**
 * What whoever attaches must know of a detached trace: all that it takes to read what its programs record, so that nothing is
 * compiled again and any laptop will do. The agent keeps it, as it is.
 */
export interface DetachedNote {
  readonly format: "sonde detached trace";
  readonly version: 1;
  /** The version of sonde. */
  readonly madeBy: string;
  /** The program's text. */
  readonly source: string;
  /** Without the programs' instructions and what maps held at first. */
  readonly spec: TraceSpec;
  readonly handles: NamedHandles;
  /** What was subtracted from maps when the last host left, by map. */
  readonly baselines: readonly (readonly [number, MapDump])[];
}

type Names = readonly (readonly [string, Handle])[];

interface NamedHandles {
  readonly maps: Names;
  readonly programs: Names;
  readonly streams: Names;
}

/** What agents take. */
const limitBytes = 65_536;
/** An agent may send anything. */
const unpackedLimitBytes = 16_777_216;

export function createNote(
  { source, spec }: { readonly source: string; readonly spec: TraceSpec },
  { maps, programs, streams }: LoadedHandles,
): DetachedNote {
  return {
    format: "sonde detached trace",
    version: 1,
    madeBy: hostVersion,
    source,
    spec: { object: withoutContents(spec.object), layout: spec.layout },
    handles: { maps: [...maps], programs: [...programs], streams: [...streams] },
    baselines: [],
  };
}

function withoutContents({ maps, programs, ...object }: ObjectSpec): ObjectSpec {
  return {
    ...object,
    maps: maps.map(({ contents: _, ...map }) => map),
    programs: programs.map((program) => ({ ...program, instructions: [] })),
  };
}

export function toHandles({ handles }: DetachedNote): LoadedHandles {
  return {
    maps: new Map(handles.maps),
    programs: new Map(handles.programs),
    streams: new Map(handles.streams),
    attachments: new Map(),
  };
}

/** Throws TargetError when it is more than an agent keeps. */
export function encodeNote(note: DetachedNote): Uint8Array {
  const bytes = gzipSync(encodeTagged(note));
  if (bytes.length <= limitBytes) return bytes;
  throw new TargetError(
    `the program is too large to be detached: what it takes to read its records is ${bytes.length} bytes, an agent keeps ${limitBytes}`,
    { hint: "attach to fewer probes, or trace it without --detach" },
  );
}

/** Throws TargetError for what this version of sonde did not write. */
export function decodeNote(bytes: Uint8Array): DetachedNote {
  const note = unpack(bytes);
  if (isNote(note)) return note;
  const by = isMadeBy(note) ? `sonde ${note.madeBy}` : "something else than sonde";
  throw new TargetError(
    `it was detached by ${by}, and this is sonde ${hostVersion}, which cannot read its records`,
    { hint: "use that version, or end it without its output: sonde stop NAME --no-output" },
  );
}

function unpack(bytes: Uint8Array): unknown {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: unpackedLimitBytes }).toString();
    return decodeTagged(text);
  } catch {
    // Not gzip, not JSON, or too much: in any case nothing that we wrote.
    return undefined;
  }
}

const isMadeBy = isObject<Pick<DetachedNote, "madeBy">>({ madeBy: isString });

const isNames: Guard<Names> = isArrayOf(isPair(isString, isHandle));

/** Of what was loaded only this is looked at again. */
const isReadObject = isObject<{
  readonly maps: readonly { readonly name: string; readonly type: string }[];
  readonly attachments: readonly object[];
  readonly streams: readonly StreamSpec[];
  readonly runs: readonly Pick<RunSpec, "program" | "when">[];
}>({
  maps: isArrayOf(isObject({ name: isString, type: isString })),
  attachments: isArrayOf(isObject({})),
  streams: isArrayOf(isObject<StreamSpec>({ map: isString, lossMap: isString })),
  runs: isArrayOf(
    isObject<Pick<RunSpec, "program" | "when">>({
      program: isString,
      when: isOneOf("start", "end", "signal", "test", "bench"),
    }),
  ),
}) as Guard<ObjectSpec>;

const isNote = isObject<DetachedNote>({
  format: isOneOf("sonde detached trace"),
  version: isOneOf(1),
  madeBy: isString,
  source: isString,
  spec: isObject<TraceSpec>({ object: isReadObject, layout: isLayout }),
  handles: isObject<NamedHandles>({ maps: isNames, programs: isNames, streams: isNames }),
  baselines: isArrayOf(isPair(isWhole, isDump)),
});

function isPair<A, B>(first: Guard<A>, second: Guard<B>): Guard<readonly [A, B]> {
  return (value): value is readonly [A, B] =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
}
