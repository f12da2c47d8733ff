import { Option, type Command } from "commander";
import { hostVersion } from "../session/version.js";
import { UsageError } from "./exit-code.js";

/** What -d takes. */
const stages = [
  "all",
  "ast",
  "parse",
  "types",
  "codegen",
  "codegen-opt",
  "dis",
  "libbpf",
  "verifier",
];
/** What --no-feature takes: none of them is ever used here. */
const features = ["kprobe_multi", "kprobe_session", "uprobe_multi"];

/** Options that sonde trace has because bpftrace has them. */
export interface BpftraceOptions {
  readonly info?: boolean;
  readonly debuginfo?: string;
}

/** Adds them, those that mean nothing here too: scripts that start bpftrace give them. */
export function addBpftraceOptions(command: Command): Command {
  const unseen = (option: Option): Option => option.hideHelp();
  return command
    .version(`sonde v${hostVersion}`, "-V, --version", "print the version")
    .option("--info", "say what the target can do, as sonde info does")
    .addOption(
      unseen(new Option("-d, --debug <stage>")).argParser((stage: string) => {
        if (stages.includes(stage)) return stage;
        throw new UsageError(`trace: invalid option for -d: ${stage}`, {
          hint: `one of ${stages.join(", ")}`,
        });
      }),
    )
    .addOption(
      unseen(new Option("--no-feature <features>")).argParser((text: string) => {
        if (text.split(",").every((feature) => features.includes(feature))) return text;
        throw new UsageError(`trace: --no-feature can only have values '${features.join(",")}'`);
      }),
    )
    .addOption(unseen(new Option("-k, --warn-reads")))
    .addOption(unseen(new Option("--debuginfo <folders>")))
    .addOption(unseen(new Option("--traceable-functions <file>")))
    .addOption(unseen(new Option("--dwarf-pid <pid>")))
    .addOption(unseen(new Option("--usdt-file-activation")))
    .addOption(unseen(new Option("--verify-llvm-ir")));
}

/** What sonde calls what they ask for. */
export function readBpftraceOptions({ debuginfo }: BpftraceOptions): {
  readonly debugDir?: readonly string[];
} {
  return debuginfo === undefined ? {} : { debugDir: debuginfo.split(":") };
}
