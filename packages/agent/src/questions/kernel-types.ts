import { type BtfAnswer, type BtfQuestion, type Result } from "@sonde/protocol";
import { type Kernel } from "../kernel/kernel.js";
import { RequestError } from "../kernel/errors.js";
import { BtfExcerpt } from "./btf-excerpt.js";
import { BtfFile, damaged, type TypePlaces, type TypeWords } from "./btf-file.js";

/** More structs than any has within it without names. */
const mostInnerStructs = 1000;
/** Longer chains of typedefs than any compiler makes are malformed. */
const deepestNesting = 64;

const transparentKinds: ReadonlySet<string> = new Set([
  "typedef",
  "volatile",
  "const",
  "restrict",
  "type_tag",
]);

/** Answers questions about the kernel's types, in little memory: what is kept are 10 kB on where the types are. */
export class KernelTypes {
  readonly #kernel: Kernel;
  #places: TypePlaces | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** `pause` lets others have a turn. Throws MissingError, NotSupportedError for damaged types, LimitError, SyscallError. */
  async answer(
    questions: readonly BtfQuestion[],
    pause: () => Promise<void>,
  ): Promise<Result<"btf.types">> {
    using file = BtfFile.open(this.#kernel, this.#places);
    const ids = await findTypes(file, questions, pause);
    this.#places = file.places;
    const excerpt = new BtfExcerpt(file, pause);
    const answers: BtfAnswer[] = [];
    for (const [index, question] of questions.entries()) {
      answers.push(await answerOne(file, excerpt, question, ids[index] ?? 0, pause));
    }
    const { types, ids: typeIds, wholeCount } = await excerpt.build();
    return { answers, types, ids: [...typeIds], wholeCount };
  }
}

/** The ids of the types that are asked about, 0 for none. */
async function findTypes(
  file: BtfFile,
  questions: readonly BtfQuestion[],
  pause: () => Promise<void>,
): Promise<number[]> {
  const named = questions.flatMap(({ type }) => ("name" in type ? [type] : []));
  if (named.length === 0) await file.place(pause);
  const found = named.length === 0 ? [] : await file.find(named, pause);
  const count = file.places?.typeCount ?? 0;
  let next = 0;
  return questions.map(({ type }) => {
    if ("name" in type) return found[next++] ?? 0;
    if (type.id > 0 && type.id < count) return type.id;
    throw new RequestError(`btf.types: there is no type ${type.id}: there are ${count}`);
  });
}

async function answerOne(
  file: BtfFile,
  excerpt: BtfExcerpt,
  question: BtfQuestion,
  id: number,
  pause: () => Promise<void>,
): Promise<BtfAnswer> {
  if (id === 0) return { id };
  switch (question.kind) {
    case "find":
      return { id };
    case "type":
      await excerpt.take(id);
      return { id };
    case "member": {
      const member = await findMember(file, id, question.name, pause);
      if (member === undefined) return { id };
      await excerpt.mention(member.type);
      return { id, member };
    }
  }
}

type Member = NonNullable<BtfAnswer["member"]>;

/** Breadth first, as the host does: malformed structs may hold themselves, and more than once. */
async function findMember(
  file: BtfFile,
  structure: number,
  name: string,
  pause: () => Promise<void>,
): Promise<Member | undefined> {
  const waiting = [{ id: structure, bitOffset: 0 }];
  for (const outer of waiting) {
    await pause();
    const words = readStructure(file, outer.id);
    if (words === undefined) continue;
    for (let at = 0; at + 2 < words.rest.length; at += 3) {
      const [nameOffset = 0, type = 0, place = 0] = words.rest.subarray(at, at + 3);
      // With the kind flag: u8 size of the bit-field, u24 offset.
      const hasKindFlag = words.info >>> 31 === 1;
      const bitOffset = outer.bitOffset + (hasKindFlag ? place & 0xff_ffff : place);
      if (bitOffset > 0xffff_ffff) throw damaged(`type ${structure} has members without end`);
      if (nameOffset === 0) waiting.push({ id: type, bitOffset });
      else if (file.name(nameOffset) === name) {
        return { type, bitOffset, bitFieldSize: hasKindFlag ? place >>> 24 : 0 };
      }
    }
    if (waiting.length > mostInnerStructs) {
      throw damaged(`the structs in type ${structure} nest without end`);
    }
  }
  return undefined;
}

/** What remains when typedefs and qualifiers are taken away, if it has members. */
function readStructure(file: BtfFile, id: number): TypeWords | undefined {
  let current = id;
  for (let depth = 0; depth < deepestNesting; depth++) {
    if (current === 0) return undefined;
    const head = file.readHead(current);
    const { kind } = head.shape;
    if (kind === "struct" || kind === "union") return file.read(current);
    if (!transparentKinds.has(kind)) return undefined;
    current = head.third;
  }
  throw damaged(`the typedefs of type ${id} do not end`);
}
