import { type Command } from "commander";
import { prepareObject } from "../../loader/prepare-object.js";
import { describeFile } from "../../object/describe-file.js";
import { ObjectError } from "../../object/object-error.js";
import { type ObjectFile } from "../../object/object-file.js";
import { type Target } from "../../trace/target.js";
import { formatFile, type Lack } from "../format-file.js";
import { openObject } from "../open-object.js";
import { addTargetOptions, connectTarget, type TargetOptions } from "../target-options.js";

interface ObjectOptions extends TargetOptions {
  readonly json?: boolean;
}

const examples = `
Examples:
  sonde object opensnoop.bpf.o              its programs, maps, variables, and what it reads of the kernel's types
  sonde object opensnoop.bpf.o -t board     also what the board lacks for it`;

/** Adds `sonde object`. */
export function addObjectCommand(program: Command): void {
  addTargetOptions(
    program
      .command("object")
      .description("say what is in a compiled BPF object, and with -t what the target lacks for it")
      .argument("<object>", "an object as clang compiles it (.bpf.o)")
      .option("--json", "as JSON")
      .addHelpText("after", examples)
      .action(describeObject),
  );
}

async function describeObject(path: string, options: ObjectOptions): Promise<void> {
  const isOnTarget =
    options.target !== undefined || options.btf !== undefined || options.vmlinux !== undefined;
  const file = await openObject(path, undefined);
  const description = describeFile(file);
  const lacks = isOnTarget ? await lacksOn(options, file) : undefined;
  const text =
    options.json === true
      ? `${JSON.stringify({ ...description, ...(lacks === undefined ? {} : { lacks }) }, undefined, 2)}\n`
      : formatFile(description, lacks);
  process.stdout.write(text);
}

async function lacksOn(options: ObjectOptions, file: ObjectFile): Promise<readonly Lack[]> {
  await using target = await connectTarget(options);
  const lacks: Lack[] = [];
  for (const { name, isProgram } of file.functions) {
    if (isProgram) lacks.push(...(await lacksOf(target, file, name)));
  }
  return lacks;
}

async function lacksOf(
  { session }: Target,
  file: ObjectFile,
  program: string,
): Promise<readonly Lack[]> {
  try {
    const { poisoned } = await prepareObject(session, file, { only: [program] });
    const reasons = new Set(poisoned.get(program)?.values() ?? []);
    return [...reasons].map((reason) => ({ program, reason: `where it comes to: ${reason}` }));
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    return [{ program, reason: error.message.replace(`program ${program}: `, "") }];
  }
}
