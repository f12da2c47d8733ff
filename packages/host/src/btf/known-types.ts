import { BtfError } from "./btf-error.js";
import { openBtf } from "./btf.js";
import { type BtfAnswers, type BtfQuestion, type BtfTypeReference } from "./btf-question.js";
import { mapTypeIds } from "./map-type-ids.js";
import { asBitField } from "./type-decoder.js";
import { TypeReader } from "./type-reader.js";
import { type BtfKind, type BtfMember, type BtfType, type BtfTypeId } from "./types.js";

/** What was asked is not known: these questions have to be answered first. */
export class UnknownTypesError extends Error {
  override readonly name = "UnknownTypesError";
  readonly questions: readonly BtfQuestion[];
  constructor(questions: readonly BtfQuestion[]) {
    super(`types that are not known: ${JSON.stringify(questions)}`);
    this.questions = questions;
  }
}

/**
 * Those of a kernel's types that answers have told of, under the ids that they have there. Whatever is asked of it throws
 * UnknownTypesError until the answers to that error's questions have been added.
 */
export class KnownTypes extends TypeReader {
  override readonly pointerSizeBytes: 4 | 8;
  readonly #ids = new Map<string, BtfTypeId>();
  readonly #types = new Map<BtfTypeId, { readonly type: BtfType; readonly isWhole: boolean }>();
  readonly #members = new Map<string, BtfMember | undefined>();

  constructor(pointerSizeBytes: 4 | 8) {
    super();
    this.pointerSizeBytes = pointerSizeBytes;
  }

  /** Throws BtfError for answers that are not to these questions. */
  add(questions: readonly BtfQuestion[], { answers, types, ids, wholeCount }: BtfAnswers): void {
    const btf = openBtf(types);
    if (answers.length !== questions.length || btf.typeCount !== ids.length + 1) {
      throw new BtfError(
        `read answers about types: ${answers.length} to ${questions.length} questions, ${btf.typeCount - 1} types under ${ids.length} ids`,
      );
    }
    const decoded = ids.map((id, at) => {
      const type = mapTypeIds(btf.type(at + 1), (one) => idAt(ids, one));
      return { id, type, isWhole: at < wholeCount };
    });
    for (const { id, type, isWhole } of decoded) {
      if (this.#types.get(id)?.isWhole !== true) this.#types.set(id, { type, isWhole });
    }
    for (const [at, question] of questions.entries()) {
      const answer = answers[at];
      if (answer === undefined) continue;
      if ("name" in question.type) this.#ids.set(nameKey(question.type), answer.id);
      if (question.kind === "member" && answer.id !== 0) {
        this.#members.set(memberKey(answer.id, question.name), this.#member(question, answer));
      }
    }
  }

  override find(name: string, kind: Exclude<BtfKind, "void">): BtfTypeId | undefined {
    if (name === "") return undefined;
    const id = this.#ids.get(nameKey({ kind, name }));
    if (id === undefined) throw new UnknownTypesError([{ kind: "find", type: { kind, name } }]);
    return id === 0 ? undefined : id;
  }

  override candidates(essential: string, kinds: readonly BtfKind[]): readonly BtfTypeId[] {
    const named = kinds.flatMap((kind) => (kind === "void" ? [] : [kind]));
    this.expect(named.map((kind) => ({ kind: "find", type: { kind, name: essential } })));
    return named.flatMap((kind) => this.find(essential, kind) ?? []);
  }

  override type(id: BtfTypeId): BtfType {
    if (id === 0) return { kind: "void" };
    const known = this.#types.get(id);
    if (known?.isWhole !== true) throw new UnknownTypesError([{ kind: "type", type: { id } }]);
    return known.type;
  }

  override outline(id: BtfTypeId): BtfType {
    return this.#types.get(id)?.type ?? this.type(id);
  }

  override findMember(id: BtfTypeId, name: string): BtfMember | undefined {
    const key = memberKey(id, name);
    if (this.#members.has(key)) return this.#members.get(key);
    if (this.#hasParts(id)) return super.findMember(id, name);
    throw new UnknownTypesError([{ kind: "member", type: { id }, name }]);
  }

  override findEnumerator(): undefined {
    // Nobody is asked: the agent finds types by their own names.
    return undefined;
  }

  override expect(questions: readonly BtfQuestion[]): void {
    const unknown = questions.filter((question) => !this.#knows(question));
    if (unknown.length > 0) throw new UnknownTypesError(unknown);
  }

  #knows(question: BtfQuestion): boolean {
    const { type } = question;
    const id = "name" in type ? this.#ids.get(nameKey(type)) : type.id;
    if (id === undefined) return false;
    if (id === 0 || question.kind === "find") return true;
    if (question.kind === "type") return this.#types.get(id)?.isWhole === true;
    return this.#members.has(memberKey(id, question.name)) || this.#hasParts(id);
  }

  /** Whether all of a type is known, and of what it stands for. */
  #hasParts(id: BtfTypeId): boolean {
    try {
      this.type(this.resolve(id));
      return true;
    } catch (error) {
      if (error instanceof UnknownTypesError) return false;
      throw error;
    }
  }

  #member(
    question: { readonly name: string },
    { member }: BtfAnswers["answers"][number],
  ): BtfMember | undefined {
    if (member === undefined) return undefined;
    const type = this.#types.get(member.type)?.type;
    if (type === undefined && member.type !== 0) {
      throw new BtfError(`read answers about types: nothing of type ${member.type}`);
    }
    const named = { name: question.name, ...member };
    return type === undefined || member.bitFieldSize > 0 ? named : asBitField(named, type);
  }
}

function idAt(ids: readonly BtfTypeId[], number: number): BtfTypeId {
  const id = number === 0 ? 0 : ids[number - 1];
  if (id === undefined) throw new BtfError(`read answers about types: there is no type ${number}`);
  return id;
}

function nameKey(type: Extract<BtfTypeReference, { readonly name: string }>): string {
  return `${type.kind} ${type.name}`;
}

function memberKey(id: BtfTypeId, name: string): string {
  return `${id} ${name}`;
}
