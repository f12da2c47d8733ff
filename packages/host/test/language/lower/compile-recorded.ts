import { formatListing } from "../../../src/asm/disassemble/format-listing.js";
import { compile, type CompileOptions, type CompileResult } from "../../../src/language/compile.js";
import { type TargetDescription } from "../../../src/spec/target-description.js";
import { type TraceSpec } from "../../../src/spec/trace-spec.js";
import { answerTypes } from "../check/kernel-types.js";
import { readFormat } from "../formats/read-format.js";
import { answersFor } from "../made-up-answers.js";

/** Compiles for a recorded target; tracepoints are those whose formats are recorded. */
export function compileRecorded(
  source: string,
  target: TargetDescription,
  options: CompileOptions = {},
): CompileResult {
  const answers = answersFor(source, target, options, {
    answerTypes,
    readFormat: ({ category, name }) => readFormat(`${category}:${name}`),
  });
  return compile(source, target, answers, options);
}

/** All that is loaded, as text: maps, programs, what they are attached to. */
export function formatObject({ object }: TraceSpec): string {
  const maps = object.maps.map(
    ({ name, type, keySizeBytes, valueSizeBytes, maxEntries, flags }) =>
      `${type} ${name} ${keySizeBytes} -> ${valueSizeBytes} x ${maxEntries} flags ${flags}\n`,
  );
  const programs = object.programs.map(
    ({ name, type, instructions }) => `${type} ${name}:\n${formatListing(instructions)}`,
  );
  return [...maps, ...programs].join("");
}
