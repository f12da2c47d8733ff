import { Option, type Command } from "commander";
import { existsSync } from "node:fs";
import { type TestChoice } from "../language/check/probes/test-probes.js";
import { hostVersion } from "../session/version.js";
import { debugStages, type DebugStage } from "./debug-stages.js";
import { BpftraceUsageError, UsageError } from "./exit-code.js";
import { parsePid } from "./parse-pid.js";

/** What --no-feature takes. */
const features = ["kprobe_multi", "kprobe_session", "uprobe_multi"];

/** What --mode takes. */
const modes = ["codegen", "compiler-bench", "bench", "test", "format"];

/** Options that sonde trace has because bpftrace has them. */
export interface BpftraceOptions {
  readonly info?: boolean;
  /** Where an object of the compiled program goes. */
  readonly emitElf?: string;
  /** Where a file goes that runs the program. */
  readonly aot?: string;
  readonly debuginfo?: string;
  readonly warnReads?: boolean;
  /** --no-warnings was given, whatever came after it. */
  readonly isSilent?: boolean;
  readonly dwarfPid: readonly number[];
  /** "codegen", "test", "bench", "format" */
  readonly mode?: string;
  readonly fmt?: true;
  readonly debug?: readonly DebugStage[];
  readonly test?: true;
  readonly bench?: true;
  readonly probeFilter?: RegExp;
  /** Those that --no-feature names; true without it. */
  readonly feature: readonly string[] | true;
}

/** Adds them, those that mean nothing here too: scripts that start bpftrace give them. */
export function addBpftraceOptions(command: Command): Command {
  let warnReads = 0;
  const unseen = (option: Option): Option => option.hideHelp();
  return command
    .version(`sonde v${hostVersion}`, "-V, --version", "print the version")
    .option("--info", "say what the target can do, as bpftrace says it (sonde info: more)")
    .option("-k, --warn-reads", "warn when memory cannot be read or a map has no such entry")
    .on("option:warn-reads", () => {
      if (++warnReads > 1)
        throw new BpftraceUsageError(
          "USAGE: -kk has been deprecated. Use a single -k for runtime warnings for errors in map lookups and probe reads.",
        );
    })
    .addOption(unseen(new Option("--warnings")))
    .on("option:warnings", () => command.setOptionValue("warnReads", true))
    .on("option:no-warnings", () => command.setOptionValue("isSilent", true))
    .addOption(
      new Option(
        "-d, --debug <stage>",
        "show what the program has become: ast, types, codegen (its instructions), what the verifier says of it, or all",
      ).argParser(parseStage),
    )
    .addOption(
      new Option(
        "--no-feature <features>",
        "attach one by one although the kernel can do many at once: uprobe_multi, kprobe_multi",
      ).argParser((text: string) => {
        const named = text === "" ? [] : text.split(",");
        if (named.every((feature) => features.includes(feature))) return named;
        throw new BpftraceUsageError(
          `USAGE: --no-feature can only have values '${features.join(",")}'.`,
        );
      }),
    )
    .addOption(unseen(new Option("--debuginfo <folders>")))
    .addOption(
      unseen(new Option("--traceable-functions <file>")).argParser((file: string) => {
        if (existsSync(file)) return file;
        throw new BpftraceUsageError(
          `Failed to open kernel function info: Could not read functions from ${file}. (No such file or directory)`,
        );
      }),
    )
    .option(
      "--dwarf-pid <pid>",
      "dw_ustack unwinds this process's stacks too; can be given several times",
      (text: string, before: readonly number[]) => [...before, parsePid(text)],
      [],
    )
    .addOption(
      new Option(
        "--probe-filter <expression>",
        "of all probes but begin and end, those with such names only",
      ).argParser(parseFilter),
    )
    .addOption(unseen(new Option("--usdt-file-activation")))
    .addOption(unseen(new Option("--verify-llvm-ir")))
    .addOption(
      unseen(new Option("--mode <mode>")).argParser((mode: string) => {
        if (mode === "compiler-bench") {
          throw new UsageError("trace: --mode compiler-bench: the compiler is not measured here", {
            hint: "--bench measures what it has made; --mode codegen compiles and loads nothing",
          });
        }
        if (modes.includes(mode)) return mode;
        throw new BpftraceUsageError(
          "USAGE: --mode can only be 'codegen', 'compiler-bench', 'bench', 'test' or 'format'.",
        );
      }),
    )
    .option("--test", "run the program's test: probes, and say which have failed")
    .option("--bench", "run the program's bench: probes, and say how long each takes")
    .option(
      "--aot <file>",
      "check the program and write a script that runs it later: this sonde, its options and the program's text",
    )
    .option("--fmt", "print the program, well laid out, and load nothing")
    .addOption(
      refused(
        "--emit-llvm <file>",
        "there is no LLVM in here: --listing shows the program's instructions",
      ),
    )
    .option("--emit-elf <file>", "also write the compiled program there, as an object file");
}

/** One that is known, and said to be not here. */
function refused(flags: string, reason: string): Option {
  const [name = ""] = flags.split(" ");
  const refuse = (): never => {
    throw new UsageError(`trace: ${name}: ${reason}`);
  };
  return new Option(flags).hideHelp().preset("").argParser(refuse);
}

/** What sonde calls what they ask for. Throws BpftraceUsageError. */
export function readBpftraceOptions({
  debuginfo,
  mode: given,
  test,
  bench,
  fmt,
  probeFilter: filter,
  warnReads,
  isSilent,
}: BpftraceOptions): {
  readonly debugDir?: readonly string[];
  readonly dryRun?: true;
  readonly probeFilter?: RegExp;
  readonly tests?: TestChoice;
  readonly formats?: true;
} {
  if (warnReads === true && isSilent === true) {
    throw new BpftraceUsageError("USAGE: -k, --warnings conflicts with --no-warnings");
  }
  const asked = [given, test && "test", bench && "bench", fmt && "format"];
  const [mode, other] = asked.filter((one) => one !== undefined);
  if (other !== undefined) {
    const flag = other === "format" ? "fmt" : other;
    throw new BpftraceUsageError(`USAGE: --${flag} conflicts with existing --mode`);
  }
  return {
    ...(debuginfo === undefined ? {} : { debugDir: debuginfo.split(":") }),
    ...(mode === "codegen" ? { dryRun: true } : {}),
    ...(mode === "format" ? { formats: true } : {}),
    ...(filter === undefined ? {} : { probeFilter: filter }),
    ...(mode === "test" || mode === "bench"
      ? { tests: { type: mode, ...(filter === undefined ? {} : { filter }) } }
      : {}),
  };
}

/** Several may be given. Throws BpftraceUsageError. */
function parseStage(given: string, before: readonly DebugStage[] = []): readonly DebugStage[] {
  const stage = debugStages.find((one) => one === given);
  if (stage !== undefined) return [...before, stage];
  throw new BpftraceUsageError(`USAGE: invalid option for -d: ${given}`, {
    hint: `one of ${debugStages.join(", ")}`,
  });
}

function parseFilter(text: string): RegExp {
  try {
    return new RegExp(withCharacterClasses(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BpftraceUsageError(`Invalid --probe-filter regex '${text}': ${reason}`, { cause });
  }
}

/** What bpftrace's regular expressions call characters by, within brackets. */
const characterClasses: Readonly<Record<string, string>> = {
  ...{
    alnum: "A-Za-z0-9",
    alpha: "A-Za-z",
    blank: " \\t",
    digit: "0-9",
    lower: "a-z",
    upper: "A-Z",
  },
  ...{ punct: "!-\\/:-@\\[-`{-~", space: "\\s", w: "\\w", xdigit: "0-9A-Fa-f" },
};

/** Throws SyntaxError. */
function withCharacterClasses(text: string): string {
  return text.replaceAll(/\[:(\w*):\]/g, (_, name: string) => {
    const found = characterClasses[name];
    if (found === undefined) throw new SyntaxError("Invalid character class.");
    return found;
  });
}
