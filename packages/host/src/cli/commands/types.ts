import { type Command } from "commander";
import { formatScriptTypes } from "../../object/script-types.js";
import { openObject } from "../open-object.js";

const examples = `
Example:
  sonde types opensnoop.bpf.o > opensnoop.d.ts     then: target.load<Opensnoop>(…), docs/objects.md`;

/** Adds `sonde types`. */
export function addTypesCommand(program: Command): void {
  program
    .command("types")
    .description("write TypeScript types of what a compiled BPF object sends and holds")
    .argument("<object>", "an object as clang compiles it (.bpf.o)")
    .addHelpText("after", examples)
    .action(async (path: string) => {
      process.stdout.write(formatScriptTypes(await openObject(path, undefined)));
    });
}
