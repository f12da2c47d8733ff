import { type CompileOptions } from "../language/compile.js";
import { type Answers, type Query } from "../language/answers.js";
import { QueryAnswerer } from "../session/answer-queries.js";
import { toTargetDescription } from "../session/describe-target.js";
import { type TargetTypes } from "../session/target-files.js";
import { readTypesFile, type TypesFile } from "../session/types-file.js";
import { type TargetDescription } from "../spec/target-description.js";
import { compileProgram } from "./compile-program.js";
import { RecordedFiles } from "./recorded-files.js";
import { RecordedTypes } from "./recorded-types.js";
import { readTargetRecord, type TargetRecord } from "./target-record.js";
import { type Program, ProgramError } from "./target.js";

/** A target that was recorded: programs can be compiled for it, and not run. */
export class RecordedTarget {
  readonly description: TargetDescription;
  readonly #answerer: QueryAnswerer;

  /** `types`: of the user's, in place of those that were recorded. Throws BtfError. */
  constructor(record: TargetRecord, types?: TargetTypes) {
    const { target, features } = record;
    const hasTypes = types !== undefined || record.types !== undefined;
    this.description = toTargetDescription(target, features, hasTypes);
    this.#answerer = new QueryAnswerer(
      new RecordedFiles(record.files),
      target,
      types ?? new RecordedTypes(target.pointerSize, record.types),
      undefined,
      new Map(Object.entries(record.answers)),
    );
  }

  /** Throws TargetError for a file that is no description, and for a file of types that has none. */
  static async open(path: string, typesFile?: TypesFile): Promise<RecordedTarget> {
    const record = readTargetRecord(path);
    if (typesFile === undefined) return new RecordedTarget(record);
    const { btf } = await readTypesFile(typesFile);
    return new RecordedTarget(record, { ask: (question) => Promise.resolve(question(btf)) });
  }

  /** Answers a compiler's queries. Throws TargetError for what was not recorded. */
  async answer(queries: readonly Query[]): Promise<Answers> {
    return await this.#answerer.answer(queries);
  }

  /** Compiles a program of the tracing language for this target. Throws ProgramError, TargetError. */
  async compile(source: string, options: Partial<CompileOptions> = {}): Promise<Program> {
    const result = await compileProgram(
      source,
      this.description,
      async (queries) => await this.answer(queries),
      options,
    );
    if (result.spec === undefined) throw new ProgramError(source, result.diagnostics);
    return { source, spec: result.spec, diagnostics: result.diagnostics };
  }
}
