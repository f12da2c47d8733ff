import { unwindFile } from "./unwind-file.js";
import { queryKey, type Answer, type Answers, type Query } from "../../src/language/answers.js";
import { type CompileOptions } from "../../src/language/compile.js";
import { parse } from "../../src/language/parse.js";
import { requirements } from "../../src/language/requirements.js";
import { type TargetDescription } from "../../src/spec/target-description.js";
import { type TypeQuery } from "./check/kernel-types.js";
import { vfsRead } from "./kernel-functions.js";

type FormatQuery = Extract<Query, { readonly kind: "tracepointFormat" }>;

/** Who knows a target's types and the formats of its tracepoints. */
export interface KnownParts {
  readonly answerTypes: (query: TypeQuery) => Answer;
  readonly readFormat: (query: FormatQuery) => string | undefined;
}

/** All that a program asks for: types and formats of a target, and of the rest what is made up here. */
export function answersFor(
  source: string,
  target: TargetDescription,
  options: CompileOptions,
  known: KnownParts,
): Answers {
  const { program } = parse(source);
  const answers = new Map<string, Answer>();
  if (program === undefined) return answers;
  for (;;) {
    const queries = requirements(program, target, answers, options);
    if (queries.length === 0) return answers;
    for (const query of queries) answers.set(queryKey(query), answer(query, known));
  }
}

function answer(query: Query, { answerTypes, readFormat }: KnownParts): Answer {
  switch (query.kind) {
    case "kernelType":
    case "kernelMember":
    case "kernelMembers":
    case "kernelEnumerator":
      return answerTypes(query);
    case "tracepointFormat":
      return { kind: query.kind, text: readFormat(query), near: [] };
    case "tracepoints":
      return { kind: query.kind, names: [query.pattern] };
    case "rawTracepoints":
      return { kind: query.kind, names: [query.pattern], near: [] };
    case "rawTracepointParameters":
      return { kind: query.kind, parameters: undefined };
    case "memberOffset":
      return { kind: query.kind, offset: query.member === "tgid" ? 0x9ac : 0x9b8 };
    case "kernelFunctions":
      return {
        kind: "kernelFunctions",
        functions: [{ name: query.pattern.replace("*", "read"), module: undefined }],
        near: [],
      };
    case "kernelFunctionType":
      return { kind: "kernelFunctionType", type: vfsRead, near: [] };
    case "userFiles":
      return { kind: "userFiles", paths: ["/usr/lib/libany.so"] };
    case "userAddress":
      return { kind: "userAddress", path: `/usr/lib/${query.file}.so`, fileOffset: 0x1000n };
    case "usdtProbes":
      return {
        kind: "usdtProbes",
        path: `/usr/lib/${query.file}.so`,
        probes: [
          {
            provider: query.provider,
            name: query.name,
            fileOffset: 0x1000n,
            semaphoreOffset: 0x4000n,
            args: "-4@%edi 8@-16(%rbp,%rax,8) 1@$5",
          },
        ],
        near: [],
      };
    case "userFunctions":
      return {
        kind: query.kind,
        path: `/usr/lib/${query.file}.so`,
        functions: [{ name: query.pattern, fileOffset: 0x1000n, sizeBytes: 16n }],
        near: [],
      };
    case "userFunctionType":
      return { kind: query.kind, parameters: "missing" };
    case "userType":
      return { kind: query.kind, type: undefined };
    case "userInstruction":
      return { kind: query.kind, isStart: true };
    case "userSymbol":
      return {
        kind: query.kind,
        distanceBytes: query.name === "missing" ? undefined : 0x100n,
        sizeBytes: 4n,
      };
    case "userLine":
      return { kind: query.kind, path: undefined };
    case "unwindFiles":
      return { kind: query.kind, files: [unwindFile] };
    case "controlGroup":
      return { kind: query.kind, id: 7n };
    case "kernelSymbol":
      return { kind: query.kind, address: 0xffff_ffff_8100_0000n };
  }
}
