import { type ActionBlock } from "../language/syntax/ast.js";
import { formatProgram } from "../language/format/format-program.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { formatInstructions, formatObject } from "./format-object.js";

/** What -d takes. */
export const debugStages = [
  "all",
  "ast",
  "parse",
  "types",
  "codegen",
  "codegen-opt",
  "dis",
  "libbpf",
  "verifier",
] as const;
export type DebugStage = (typeof debugStages)[number];

/** A program, as far as its stages can be shown. */
export interface StagedProgram {
  readonly source: string;
  readonly blocks: readonly ActionBlock[];
  readonly spec: TraceSpec;
}

interface StageText {
  readonly title: string;
  readonly text: (program: StagedProgram) => string;
}

const parsed: StageText = {
  title: "AST after: parse",
  text: ({ source, blocks }) => formatProgram(source, blocks),
};
const planned: StageText = {
  title: "Maps, programs and attachments",
  text: ({ spec }) => formatObject(spec.object),
};
const disassembled: StageText = {
  title: "Disassembled bytecode",
  text: ({ spec }) => formatInstructions(spec.object),
};

/** There is no LLVM here: what it would have are instructions, once they are chosen. */
const textsOf: Readonly<Record<DebugStage, readonly StageText[]>> = {
  all: [parsed, planned, disassembled],
  ast: [parsed],
  parse: [parsed],
  types: [planned],
  codegen: [disassembled],
  "codegen-opt": [disassembled],
  dis: [disassembled],
  libbpf: [planned],
  // It is told when the programs are loaded.
  verifier: [],
};

/** What a program has become, at the stages that were asked for, each once. */
export function formatStages(stages: readonly DebugStage[], program: StagedProgram): string {
  const texts = new Set(stages.flatMap((stage) => textsOf[stage]));
  return [...texts]
    .map(({ title, text }) => `${title}\n${"-".repeat(19)}\n${text(program)}\n`)
    .join("");
}
