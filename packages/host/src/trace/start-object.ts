import { explainPoison } from "../loader/explain-poison.js";
import { findRecordTypes, type RecordQuestion } from "../loader/record-type.js";
import {
  type ObjectRequest,
  type PreparedObject,
  prepareObject,
} from "../loader/prepare-object.js";
import { readableMaps } from "../object/object-layout.js";
import { type ObjectFile } from "../object/object-file.js";
import { type EventLayout } from "../output/event-decoder.js";
import { type FieldMeaning } from "../output/field-meaning.js";
import { type LoadOptions } from "../session/session.js";
import { type ObjectLayouts, ObjectTrace } from "./object-trace.js";
import { decodeContext, type Target } from "./target.js";
import { type ClockChoice, createTraceClock } from "./trace-clock.js";

/** How an object is loaded, and how what it sends is read. */
export interface StartObjectOptions extends ObjectRequest, Partial<RecordQuestion>, LoadOptions {
  /** What fields of records stand for, where their names do not tell. */
  readonly meanings?: ReadonlyMap<string, FieldMeaning>;
  readonly clock?: ClockChoice;
  /** Fields of records are given as they are, whatever they are called. */
  readonly isPlain?: boolean;
}

/** An object that is ready to be loaded, with how it will be read. */
export interface ReadyObject {
  readonly prepared: PreparedObject;
  readonly layouts: ObjectLayouts;
}

/** Fits an object to a target, and finds out what its records are. Throws ObjectError, TargetError, RemoteError. */
export async function readyObject(
  { session }: Target,
  file: ObjectFile,
  options: StartObjectOptions = {},
): Promise<ReadyObject> {
  const prepared = await prepareObject(session, file, options);
  const question = { events: options.events ?? [], definitions: options.definitions ?? "" };
  const types = await findRecordTypes(session, file, question);
  const meanings = options.meanings ?? new Map<string, FieldMeaning>();
  const streams = types.map(({ map, types: structs }): EventLayout => ({
    name: map,
    types: structs,
    meanings,
    isPlain: options.isPlain === true,
  }));
  return { prepared, layouts: { streams, maps: readableMaps(file, prepared.spec) } };
}

/** Loads and attaches an object. Throws RemoteError when the target's kernel refuses; then nothing is left there. */
export async function startObject(
  target: Target,
  { prepared, layouts }: ReadyObject,
  options: Pick<StartObjectOptions, "clock" | keyof LoadOptions> = {},
): Promise<ObjectTrace> {
  const { session, description } = target;
  const symbols = await session.kernelSymbols();
  const clock = createTraceClock(options.clock ?? "auto", description, session.clock);
  const source = {
    now: () => clock.now(),
    resolveKernelSymbol: (address: bigint) => symbols.resolve(address),
    resolveUserSymbol: () => undefined,
    resolveStack: () => undefined,
    resolveControlGroup: () => [],
  };
  const context = decodeContext(description, clock, source, () => undefined);
  const loaded = await session.load(prepared.spec, options).catch((error: unknown) => {
    throw explainPoison(error, prepared.poisoned) ?? error;
  });
  session.clock.watch();
  return new ObjectTrace(loaded, prepared.spec, layouts, context);
}
