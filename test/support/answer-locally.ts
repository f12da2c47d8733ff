import { existsSync, readFileSync } from "node:fs";
import { type Btf, openBtf } from "../../packages/host/src/btf/btf.js";
import {
  describeBtfMember,
  describeBtfMembers,
  describeBtfType,
  describeNamedBtfType,
} from "../../packages/host/src/btf/type-description.js";
import {
  queryKey,
  type Answer,
  type Answers,
  type Query,
} from "../../packages/host/src/language/answers.js";
import {
  compile,
  type CompileOptions,
  type CompileResult,
} from "../../packages/host/src/language/compile.js";
import { parse } from "../../packages/host/src/language/parse.js";
import { requirements } from "../../packages/host/src/language/requirements.js";
import { vfsRead } from "../../packages/host/test/language/kernel-functions.js";
import { type TargetDescription } from "../../packages/host/src/spec/target-description.js";

/** Compiles for this machine: queries are answered from its tracefs, functions of libraries are made up. */
export function compileHere(
  source: string,
  target: TargetDescription,
  options: CompileOptions = {},
): CompileResult {
  return compile(source, target, answersFor(source, target, options), options);
}

function answersFor(source: string, target: TargetDescription, options: CompileOptions): Answers {
  const { program } = parse(source);
  const answers = new Map<string, Answer>();
  if (program === undefined) return answers;
  for (;;) {
    const queries = requirements(program, target, answers, options);
    if (queries.length === 0) return answers;
    for (const query of queries) answers.set(queryKey(query), answerLocally(query));
  }
}

function answerLocally(query: Query): Answer {
  switch (query.kind) {
    case "tracepointFormat": {
      const path = `/sys/kernel/tracing/events/${query.category}/${query.name}/format`;
      const text = existsSync(path) ? readFileSync(path, "utf8") : undefined;
      return { kind: "tracepointFormat", text, near: [] };
    }
    case "tracepoints":
      return { kind: "tracepoints", names: [query.pattern] };
    case "rawTracepoints":
      return { kind: "rawTracepoints", names: [query.pattern], near: [] };
    case "rawTracepointParameters":
      return { kind: "rawTracepointParameters", parameters: undefined };
    case "memberOffset":
      return { kind: "memberOffset", offset: 0 };
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
        kind: "userFunctions",
        path: `/lib/${query.file}.so`,
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
    case "kernelType":
      return { kind: query.kind, type: describeNamedBtfType(kernelTypes(), query.name) };
    case "kernelMember": {
      const member = describeBtfMember(kernelTypes(), query.structure, query.name);
      return { kind: query.kind, member, near: [] };
    }
    case "kernelMembers":
      return { kind: query.kind, members: describeBtfMembers(kernelTypes(), query.structure) };
    case "controlGroup":
      return { kind: query.kind, id: undefined };
    case "kernelSymbol":
      return { kind: query.kind, address: undefined };
    case "kernelEnumerator": {
      const id = kernelTypes().findEnumerator(query.name);
      const type = id === undefined ? undefined : describeBtfType(kernelTypes(), id);
      return { kind: query.kind, type };
    }
  }
}

let opened: Btf | undefined;

function kernelTypes(): Btf {
  return (opened ??= openBtf(readFileSync("/sys/kernel/btf/vmlinux")));
}
