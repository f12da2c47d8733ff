import { type Command } from "commander";
import { writeFileSync } from "node:fs";
import { Btf } from "../../btf/btf.js";
import { formatCAssertions } from "../../btf/c-declarations.js";
import { formatKernelHeader } from "../../btf/kernel-header.js";
import { type ObjectFile } from "../../object/object-file.js";
import { subsetTypes } from "../../object/type-subset.js";
import { TargetError } from "../../session/errors.js";
import { type Target } from "../../trace/target.js";
import { UsageError } from "../exit-code.js";
import { openObject } from "../open-object.js";
import { addTargetOptions, connectTarget, type TargetOptions } from "../target-options.js";

const examples = `
Examples:
  sonde btf c -t board -o vmlinux.h                    all types of the board's kernel, in C
  sonde btf c --btf vmlinux.btf                        of a file's
  sonde btf subset execsnoop.bpf.o runqlat.bpf.o -t board -o board.btf
                                                       what these objects need of the board's types, then: --btf board.btf`;

/** Adds `sonde btf`. */
export function addBtfCommand(program: Command): void {
  const command = program
    .command("btf")
    .description("a target's kernel's types: in C, or as much of them as objects need")
    .addHelpText("after", examples);
  addTargetOptions(
    command
      .command("c")
      .description("all types in C, as a header that clang compiles (vmlinux.h)")
      .option("-o <file>", "write it to a file")
      .option("--assertions", "also static assertions of every size and offset")
      .action(printTypes),
  );
  addTargetOptions(
    command
      .command("subset")
      .description("BTF with the types alone that objects need, for a target that has none")
      .argument("<objects...>", "compiled BPF objects")
      .requiredOption("-o <file>", "where to write it")
      .action(writeSubset),
  );
}

interface CommonOptions extends TargetOptions {
  readonly o?: string;
}

async function printTypes(
  options: CommonOptions & { readonly assertions?: boolean },
): Promise<void> {
  await using target = await connectTarget(options);
  const types = await allTypes(target);
  const header = formatKernelHeader(types);
  const assertions = options.assertions === true ? formatCAssertions(types) : [];
  const text = [header, ...assertions.map((line) => `${line}\n`)].join("");
  if (options.o === undefined) process.stdout.write(text);
  else write(options.o, text);
}

async function writeSubset(
  paths: readonly string[],
  options: CommonOptions & { readonly o: string },
): Promise<void> {
  await using target = await connectTarget(options);
  const files: ObjectFile[] = [];
  for (const path of paths) files.push(await openObject(path, target));
  const bytes = await target.session.types.ask((types) => subsetTypes(types, files));
  if (bytes === undefined) throw noTypes();
  write(options.o, bytes);
}

async function allTypes({ session }: Target): Promise<Btf> {
  const types = await session.types.ask((known) => (known instanceof Btf ? known : undefined));
  if (types !== undefined) return types;
  if (!session.types.areKnown) throw noTypes();
  throw new TargetError("all of the target's types are too much for its line", {
    hint: "give them with --btf FILE or --vmlinux FILE",
  });
}

function noTypes(): TargetError {
  return new TargetError("the target has no types", {
    hint: "give them with --btf FILE or --vmlinux FILE",
  });
}

function write(path: string, data: string | Uint8Array): void {
  try {
    writeFileSync(path, data);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`output file ${path}: ${why}`, { cause });
  }
}
