import { type BtfQuestion } from "../btf/btf-question.js";
import { KnownTypes, UnknownTypesError } from "../btf/known-types.js";
import { type TypeReader } from "../btf/type-reader.js";
import { TargetError } from "../session/errors.js";
import { type TargetTypes } from "../session/target-files.js";
import { recordAgain } from "./recorded-files.js";
import { type TypesExchange } from "./target-record.js";

/** Those of a kernel's types that were recorded. */
export class RecordedTypes implements TargetTypes {
  readonly #known: KnownTypes | undefined;

  /** Throws BtfError. */
  constructor(pointerSizeBytes: 4 | 8, exchanges: readonly TypesExchange[] | undefined) {
    if (exchanges === undefined) return;
    this.#known = new KnownTypes(pointerSizeBytes);
    for (const { questions, ...answers } of exchanges) this.#known.add(questions, answers);
  }

  /** Rejects with TargetError for types that were not recorded. */
  async ask<T>(question: (types: TypeReader) => T): Promise<T | undefined> {
    await Promise.resolve();
    const known = this.#known;
    if (known === undefined) return undefined;
    try {
      return question(known);
    } catch (error) {
      if (!(error instanceof UnknownTypesError)) throw error;
      const names = [...new Set(error.questions.map((one) => nameOf(known, one)))].join(", ");
      throw new TargetError(`the target's description does not tell of ${names}`, {
        cause: error,
        hint: recordAgain,
      });
    }
  }
}

function nameOf(known: KnownTypes, { type }: BtfQuestion): string {
  if ("name" in type) return `${type.kind} ${type.name}`;
  try {
    return known.formatTypeName(type.id);
  } catch (error) {
    if (error instanceof UnknownTypesError) return `type ${type.id}`;
    throw error;
  }
}
