import {
  checkParams,
  checkResult,
  type TargetDescription as WireDescription,
  type TargetFeatures,
} from "@sonde/protocol";
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { type BtfAnswers, type BtfQuestion } from "../btf/btf-question.js";
import { type Answer } from "../language/answers.js";
import { TargetError } from "../session/errors.js";
import { decodeTagged, encodeTagged } from "./tagged-json.js";
import { type Guard, isArrayOf, isObject, isOneOf, isOptional, isString } from "./shape.js";

/**
 * A target as it was once, in a file: what programs are compiled by, when the target is not at hand. JSON (tagged-json.ts),
 * compressed by Brotli unless the file's name ends in .json.
 */
export interface TargetRecord {
  readonly format: "sonde target description";
  readonly version: 1;
  /** When, in ISO 8601. */
  readonly recorded: string;
  readonly target: WireDescription;
  readonly features: TargetFeatures;
  readonly files: RecordedTexts;
  /** Of the kernel's types, what was asked and what came; undefined: there were none, or none of the target's own. */
  readonly types?: readonly TypesExchange[] | undefined;
  /** To queries that files and types do not tell: functions of programs. By the query's key. */
  readonly answers: Readonly<Record<string, Answer>>;
}

export interface RecordedTexts {
  /** Whole text files, by path. */
  readonly texts: Readonly<Record<string, string>>;
  /** Lines of others that match a pattern. */
  readonly lines: readonly {
    readonly path: string;
    readonly pattern: string;
    readonly lines: readonly string[];
  }[];
  /** What the target's agent would not read. */
  readonly refusals: readonly {
    readonly path: string;
    readonly code: string;
    readonly message: string;
  }[];
}

export interface TypesExchange extends BtfAnswers {
  readonly questions: readonly BtfQuestion[];
}

/** Throws TargetError. */
export function writeTargetRecord(path: string, record: TargetRecord): void {
  const text = encodeTagged(record);
  const bytes = path.endsWith(".json") ? text : compress(text);
  try {
    writeFileSync(path, bytes);
  } catch (cause) {
    throw new TargetError(`target description ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Formats and types repeat themselves over megabytes, which gzip does not see. */
function compress(text: string): Uint8Array {
  const { BROTLI_PARAM_LGWIN: window, BROTLI_MAX_WINDOW_BITS: largest } = constants;
  return brotliCompressSync(text, { params: { [window]: largest } });
}

/** Throws TargetError for a file that is none. */
export function readTargetRecord(path: string): TargetRecord {
  let record: unknown;
  try {
    const bytes = readFileSync(path);
    const isCompressed = bytes[0] !== "{".charCodeAt(0);
    record = decodeTagged((isCompressed ? brotliDecompressSync(bytes) : bytes).toString());
  } catch (cause) {
    throw new TargetError(`target description ${path}: ${messageOf(cause)}`, { cause });
  }
  if (!isTargetRecord(record)) {
    throw new TargetError(`target description ${path}: it is none of version 1`, {
      hint: "sonde info --record FILE writes one",
    });
  }
  return record;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const isDescription: Guard<WireDescription> = (value): value is WireDescription =>
  checkResult("target.describe", value).isRight;

const isFeatures: Guard<TargetFeatures> = (value): value is TargetFeatures =>
  checkResult("target.features", { features: value }).isRight;

const isExchange: Guard<TypesExchange> = (value): value is TypesExchange =>
  typeof value === "object" &&
  value !== null &&
  "questions" in value &&
  checkParams("btf.types", { questions: value.questions }).isRight &&
  checkResult("btf.types", value).isRight;

function isRecordOf<T>(guard: Guard<T>): Guard<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> =>
    typeof value === "object" && value !== null && Object.values(value).every(guard);
}

/** As far as it is asked by its kind: only programs that a person names are compiled by it. */
const isAnswer: Guard<Answer> = (value): value is Answer =>
  typeof value === "object" && value !== null && "kind" in value && isString(value.kind);

const isTargetRecord = isObject<TargetRecord>({
  format: isOneOf("sonde target description"),
  version: isOneOf(1),
  recorded: isString,
  target: isDescription,
  features: isFeatures,
  files: isObject<RecordedTexts>({
    texts: isRecordOf(isString),
    lines: isArrayOf(isObject({ path: isString, pattern: isString, lines: isArrayOf(isString) })),
    refusals: isArrayOf(isObject({ path: isString, code: isString, message: isString })),
  }),
  types: isOptional(isArrayOf(isExchange)),
  answers: isRecordOf(isAnswer),
});
