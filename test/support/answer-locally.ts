import { existsSync, readFileSync } from "node:fs";
import { type Btf, openBtf } from "../../packages/host/src/btf/btf.js";
import {
  describeBtfMember,
  describeBtfMembers,
  describeBtfType,
  describeNamedBtfType,
} from "../../packages/host/src/btf/type-description.js";
import { type Answer } from "../../packages/host/src/language/answers.js";
import {
  compile,
  type CompileOptions,
  type CompileResult,
} from "../../packages/host/src/language/compile.js";
import { type TypeQuery } from "../../packages/host/test/language/check/kernel-types.js";
import { answersFor } from "../../packages/host/test/language/made-up-answers.js";
import { type TargetDescription } from "../../packages/host/src/spec/target-description.js";

/** Compiles for this machine: queries are answered from its tracefs and its types, functions of libraries are made up. */
export function compileHere(
  source: string,
  target: TargetDescription,
  options: CompileOptions = {},
): CompileResult {
  const answers = answersFor(source, target, options, {
    answerTypes,
    readFormat: ({ category, name }) => {
      const path = `/sys/kernel/tracing/events/${category}/${name}/format`;
      return existsSync(path) ? readFileSync(path, "utf8") : undefined;
    },
  });
  return compile(source, target, answers, options);
}

function answerTypes(query: TypeQuery): Answer {
  const types = kernelTypes();
  switch (query.kind) {
    case "kernelType":
      return { kind: query.kind, type: describeNamedBtfType(types, query.name) };
    case "kernelMember": {
      const member = describeBtfMember(types, query.structure, query.name);
      return { kind: query.kind, member, near: [] };
    }
    case "kernelMembers":
      return { kind: query.kind, members: describeBtfMembers(types, query.structure) };
    case "kernelEnumerator": {
      const id = types.findEnumerator(query.name);
      const type = id === undefined ? undefined : describeBtfType(types, id);
      return { kind: query.kind, type };
    }
  }
}

let opened: Btf | undefined;

function kernelTypes(): Btf {
  return (opened ??= openBtf(readFileSync("/sys/kernel/btf/vmlinux")));
}
