import { Option, type Command } from "commander";
import { readKeyFile } from "../session/key-file.js";
import { type SessionOptions } from "../session/session.js";
import { type TlsOptions } from "../session/tls-options.js";
import { Target } from "../trace/target.js";

/** Options of every command that speaks to a target. */
export interface TargetOptions {
  readonly target: string;
  readonly keyFile?: string;
  readonly ca?: string;
  readonly pin?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly btf?: string;
  readonly verbose?: boolean;
}

/** Adds -t, --key-file and the like to a command. */
export function addTargetOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "-t, --target <target>",
        "where the agent is: local:, ssh://[USER@]HOST, adb://SERIAL, docker://CONTAINER, kubectl://POD, serial:DEVICE, tcp://BRIDGE:PORT, ws://HOST:PORT, wss://HOST:PORT, unix:PATH, exec:COMMAND",
      )
        .env("SONDE_TARGET")
        .default("local:"),
    )
    .addOption(
      new Option("--key-file <file>", "key shared with the agent (sonde-agent key makes one)").env(
        "SONDE_KEY_FILE",
      ),
    )
    .option("--ca <file>", "wss: the CA that must have signed the agent's certificate (PEM)")
    .option("--pin <pin>", "wss: the agent's public key, sha256:HEX as sonde-agent pin prints it")
    .option("--cert <file>", "wss: our certificate, for an agent that asks for one (PEM)")
    .option("--cert-key <file>", "wss: our certificate's private key (PEM)")
    .option(
      "--btf <file>",
      "the kernel's types, for a target without BTF (raw, as /sys/kernel/btf/vmlinux)",
    )
    .option("-v, --verbose", "also say what is loaded, and pass on the agent's log");
}

function tlsOptions({ ca, pin, cert, certKey }: TargetOptions): TlsOptions {
  return {
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(pin === undefined ? {} : { pin }),
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(certKey === undefined ? {} : { certKeyFile: certKey }),
  };
}

/** Connects as the options say. */
export async function connectTarget(
  options: TargetOptions,
  more: Pick<SessionOptions, "asksFeaturesAnew"> = {},
): Promise<Target> {
  return await Target.connect(options.target, {
    ...(options.keyFile === undefined ? {} : { key: readKeyFile(options.keyFile) }),
    tls: tlsOptions(options),
    ...(options.btf === undefined ? {} : { btfFile: options.btf }),
    ...more,
    showsAgentLog: options.verbose === true,
  });
}
