import { formatListing } from "../../../src/asm/disassemble/format-listing.js";
import { queryKey, type Answer, type Query } from "../../../src/language/answers.js";
import { compile, type CompileOptions, type CompileResult } from "../../../src/language/compile.js";
import { parse } from "../../../src/language/parse.js";
import { requirements } from "../../../src/language/requirements.js";
import { vfsRead } from "../kernel-functions.js";
import { type TargetDescription } from "../../../src/spec/target-description.js";
import { type TraceSpec } from "../../../src/spec/trace-spec.js";
import { answerTypes } from "../check/kernel-types.js";
import { readFormat } from "../formats/read-format.js";

/** Compiles for a recorded target; tracepoints are those whose formats are recorded. */
export function compileRecorded(
  source: string,
  target: TargetDescription,
  options: CompileOptions = {},
): CompileResult {
  const { program } = parse(source);
  const answers = new Map<string, Answer>();
  for (;;) {
    const missing = program === undefined ? [] : requirements(program, target, answers, options);
    if (missing.length === 0) return compile(source, target, answers, options);
    for (const query of missing) answers.set(queryKey(query), answer(query));
  }
}

function answer(query: Query): Answer {
  switch (query.kind) {
    case "tracepointFormat": {
      const text = readFormat(`${query.category}:${query.name}`);
      return { kind: query.kind, text, near: [] };
    }
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
    case "controlGroup":
      return { kind: query.kind, id: 7n };
    case "kernelSymbol":
      return { kind: query.kind, address: 0xffff_ffff_8100_0000n };
    default:
      return answerTypes(query);
  }
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
