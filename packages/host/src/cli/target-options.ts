import { Option, type Command } from "commander";
import { type DebugSources } from "../session/debug-files.js";
import { type ResolvedTarget, resolveTarget } from "../session/resolve-target.js";
import { type SessionOptions } from "../session/session.js";
import { settingsOptions } from "../session/settings-options.js";
import { type TargetSettings } from "../session/target-config.js";
import { type TypesFile } from "../session/types-file.js";
import { withoutUndefined } from "../session/without-undefined.js";
import { LinkStatus } from "./link-status.js";
import { showProgress } from "./progress-bar.js";
import { statusLine } from "./status-line.js";
import { Target } from "../trace/target.js";
import { connectByPush } from "./pushed-agent.js";
import { type ClockChoice } from "../trace/trace-clock.js";

/** Options that say how to get into a target, whatever names it. */
export interface LinkOptions {
  readonly keyFile?: string;
  readonly ca?: string;
  readonly pin?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly btf?: string;
  readonly vmlinux?: string;
  readonly systemMap?: string;
}

/** Options of every command that speaks to a target. */
export interface TargetOptions extends LinkOptions {
  readonly target?: string;
  readonly verbose?: boolean;
  readonly push?: boolean;
  readonly keep?: boolean;
  readonly debugDir?: readonly string[];
  readonly sysroot?: string;
}

/** Adds -t, --key-file and the like to a command. */
export function addTargetOptions(command: Command): Command {
  command.option(
    "-t, --target <target>",
    "where the agent is: a name (sonde targets), local:, ssh://[USER@]HOST, adb://SERIAL, docker://CONTAINER, kubectl://POD, serial:DEVICE, tcp://BRIDGE:PORT, ws://HOST:PORT, wss://HOST:PORT, unix:PATH, exec:COMMAND (default: $SONDE_TARGET, the default of sonde targets, or local:)",
  );
  return addLinkOptions(command)
    .option(
      "--debug-dir <folder...>",
      "where debug files of the target's stripped programs are (as /usr/lib/debug; also: $DEBUGINFOD_URLS)",
    )
    .option("--sysroot <folder>", "the target's file system as you built it, programs unstripped")
    .option(
      "-v, --verbose",
      "also say what is loaded and what it cost the target, and pass on the agent's log",
    );
}

/** Options of commands that print times. */
export interface ClockOptions {
  readonly clock: ClockChoice;
}

/** Adds --clock to a command. */
export function addClockOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--clock <whose>",
      "whose wall clock times are printed by; auto: the target's, unless it is off by more than a second",
    )
      .choices(["host", "target", "auto"])
      .default("auto"),
  );
}

/** Adds --key-file, --ca and the like to a command. */
export function addLinkOptions(command: Command): Command {
  return command
    .option(
      "--key-file <file>",
      "key shared with the agent, as sonde-agent key makes one (default: $SONDE_KEY_FILE)",
    )
    .option("--ca <file>", "wss: the CA that must have signed the agent's certificate (PEM)")
    .option("--pin <pin>", "wss: the agent's public key, sha256:HEX as sonde-agent pin prints it")
    .option("--cert <file>", "wss: our certificate, for an agent that asks for one (PEM)")
    .option("--cert-key <file>", "wss: our certificate's private key (PEM)")
    .addOption(
      new Option(
        "--btf <file>",
        "the kernel's types, for a target without BTF (raw, as /sys/kernel/btf/vmlinux)",
      ).conflicts("vmlinux"),
    )
    .option("--vmlinux <file>", "the target's kernel as you built it, for its types and symbols")
    .option("--system-map <file>", "the System.map of the target's kernel, for its symbols");
}

/** The options under the names that the config file has for them. */
export function settingsOf(options: LinkOptions): TargetSettings {
  const { keyFile, ca, pin, cert, certKey, btf, vmlinux, systemMap } = options;
  return withoutUndefined({
    keyFile,
    caFile: ca,
    pin,
    certFile: cert,
    certKeyFile: certKey,
    btfFile: btf,
    vmlinuxFile: vmlinux,
    systemMapFile: systemMap,
  });
}

/** The file that --btf or --vmlinux names. */
export function chooseTypesFile({ btf, vmlinux }: LinkOptions): TypesFile | undefined {
  return settingsOptions(settingsOf(withoutUndefined({ btf, vmlinux }))).typesFile;
}

function debugSources({ debugDir, sysroot }: TargetOptions): DebugSources {
  const urls = (process.env["DEBUGINFOD_URLS"] ?? "").split(/\s+/).filter((url) => url !== "");
  const progress = showProgress("debug file");
  return {
    folders: debugDir ?? [],
    sysroot,
    debuginfod: {
      urls,
      onWarning: (text) => {
        statusLine.print(`${text}\n`);
      },
      onProgress: (done, total) => {
        if (total === undefined) return;
        progress.update(done, total);
        if (done >= total) progress.stop();
      },
    },
  };
}

/** The target that the options mean, and how to get in. Throws TargetError. */
export function chooseTarget(options: TargetOptions): {
  readonly target: ResolvedTarget;
  readonly session: SessionOptions;
} {
  const target = resolveTarget(options.target);
  const given = settingsOf(options);
  const everyonesKeyFile = process.env["SONDE_KEY_FILE"];
  // A key file of the command line comes before a key that is kept, and that before the one of all targets.
  const { key, ...saved } = target;
  const settings = withoutUndefined({
    keyFile: everyonesKeyFile === "" ? undefined : everyonesKeyFile,
    ...saved,
    key: given.keyFile === undefined ? key : undefined,
    ...(given.btfFile === undefined ? {} : { vmlinuxFile: undefined }),
    ...given,
  });
  return {
    target,
    session: {
      ...settingsOptions(settings),
      debugSources: debugSources(options),
      showsAgentLog: options.verbose === true,
    },
  };
}

/** Adds --push and --keep to a command that connects by connectTarget. */
export function addPushOptions(command: Command): Command {
  return command
    .option(
      "--push",
      "put an agent on the board first (through ssh, adb, docker, kubectl or a console), and remove it in the end",
    )
    .option("--keep", "leave there what --push has put there");
}

/** Connects as the options say. */
export async function connectTarget(
  options: TargetOptions,
  more: Pick<SessionOptions, "asksFeaturesAnew" | "attach"> = {},
): Promise<Target> {
  const { target: chosen, session } = chooseTarget(options);
  const status = new LinkStatus(statusLine, () => {
    target.session.giveUp("interrupted before its link was back");
  });
  const how: SessionOptions = {
    ...session,
    ...more,
    onLink: (event) => {
      status.tell(event);
    },
    onWarning: (text) => {
      statusLine.print(`sonde: warning: ${text}\n`);
    },
  };
  const target =
    options.push === true
      ? await connectByPush(chosen.url, how, options)
      : await Target.connect(chosen.url, how);
  return target;
}
