import { type Ask } from "../language/check/types/type-source.js";
import { type CTypes, readCTypes } from "../language/c-types.js";
import { type Answer, type Query, queryKey } from "../language/answers.js";
import { renderDiagnostic } from "../language/render-diagnostic.js";
import { ObjectError } from "../object/object-error.js";
import { type ObjectFile } from "../object/object-file.js";
import { streamRecords } from "../object/record-types.js";
import { valueTypeOf } from "../object/value-types.js";
import { type Session } from "../session/session.js";
import { type ValueType } from "../spec/value-type.js";

/** What a person says of the records of a stream. */
export interface RecordSaying {
  /** The stream's map; undefined: all streams'. */
  readonly map: string | undefined;
  /** "struct event" of the object's types or of `definitions`, or "event". */
  readonly type: string;
}

export interface RecordQuestion {
  readonly events: readonly RecordSaying[];
  /** Types in C that the object does not have. */
  readonly definitions: string;
}

/** A stream, and the structs that its records are. */
export interface StreamType {
  readonly map: string;
  readonly types: readonly Extract<ValueType, { readonly kind: "struct" }>[];
}

/** Finds what the records of an object's streams are: as is said, or as the object tells. Throws ObjectError. */
export async function findRecordTypes(
  session: Session,
  file: ObjectFile,
  { events, definitions }: RecordQuestion,
): Promise<readonly StreamType[]> {
  const streams = streamRecords(file);
  for (const { map } of events) {
    if (map === undefined || streams.some((one) => one.map === map)) continue;
    throw new ObjectError(`there is no ring or perf buffer ${map}`, {
      hint: `the object has: ${streams.map((one) => one.map).join(", ") || "none"}`,
    });
  }
  const written = definitions === "" ? undefined : await readDefinitions(session, definitions);
  return streams.map(({ map, types }) => {
    const saying =
      events.find((one) => one.map === map) ?? events.find((one) => one.map === undefined);
    if (saying !== undefined) {
      const type = namedType(file, written, saying.type);
      if (type !== undefined) return { map, types: [type] };
      throw new ObjectError(`records of ${map}: there is no ${saying.type}`, {
        hint: "types of the object are those that its BTF has; others are given with --types FILE.h",
      });
    }
    const own = types.flatMap((id) => asStruct(objectType(file, id)));
    const only = written?.structs.length === 1 ? written.structs[0] : undefined;
    const event = only ?? written?.structs.find((name) => name === "struct event");
    if (own.length === 0 && event !== undefined) {
      return { map, types: asStruct(written?.find(event)) };
    }
    return { map, types: own };
  });
}

function objectType(file: ObjectFile, id: number): ValueType | undefined {
  return file.types === undefined ? undefined : valueTypeOf(file.types, id, file.byteOrder);
}

function asStruct(
  type: ValueType | undefined,
): readonly Extract<ValueType, { readonly kind: "struct" }>[] {
  if (type === undefined) return [];
  if (type.kind === "struct") return [type];
  const sizeBytes = type.kind === "integer" ? type.sizeBytes : 8;
  return [{ kind: "struct", fields: [{ name: "value", type, offset: 0 }], sizeBytes }];
}

function namedType(
  file: ObjectFile,
  written: CTypes | undefined,
  name: string,
): Extract<ValueType, { readonly kind: "struct" }> | undefined {
  const full = name.trim().replace(/\s+/g, " ");
  const [, tag, bare = full] = /^(struct|union) (\w+)$/.exec(full) ?? [];
  const defined =
    written?.find(full) ?? (tag === undefined ? written?.find(`struct ${full}`) : undefined);
  if (defined !== undefined) return asStruct(defined)[0];
  const kinds = tag === "union" ? (["union"] as const) : (["struct", "typedef", "int"] as const);
  for (const kind of kinds) {
    const id = file.types?.find(bare, kind);
    if (id !== undefined) return asStruct(objectType(file, id))[0];
  }
  return undefined;
}

/** Types that the text does not define are the target's. */
async function readDefinitions(session: Session, text: string): Promise<CTypes> {
  let answers: ReadonlyMap<string, Answer> = new Map();
  for (;;) {
    const missing: Query[] = [];
    const ask: Ask = (query) => {
      const answer = answers.get(queryKey(query));
      if (answer === undefined) missing.push(query);
      // A query is answered by an answer of its own kind.
      return answer as Extract<Answer, { readonly kind: typeof query.kind }> | undefined;
    };
    const types = readCTypes(text, session.target, ask);
    if (missing.length === 0) {
      const [first] = types.diagnostics;
      if (first === undefined) return types;
      const source = { source: `${text}\n`, sourceName: "types" };
      throw new ObjectError(renderDiagnostic(first, source).trimEnd());
    }
    answers = await session.answer(missing);
  }
}
