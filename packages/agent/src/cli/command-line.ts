import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { errorCode } from "../system/node/system-error.js";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "key" }
  | ConnectCommand
  | { readonly kind: "pin"; readonly certificateFile: string }
  | ServeCommand;

export interface ServeCommand {
  readonly kind: "serve";
  /** At least one. */
  readonly ways: readonly Way[];
  readonly keyFile: string | undefined;
  readonly leaseSeconds: number;
  /** Set: end when there has been no session for so long. */
  readonly idleSeconds: number | undefined;
}

export interface ConnectCommand {
  readonly kind: "connect";
  /** Absolute; undefined: the one that a user's agents share. */
  readonly socket: string | undefined;
  /** Whether to start an agent where none listens. */
  readonly startsAgent: boolean;
  /** Of the agent that is started. */
  readonly leaseSeconds: number;
  readonly idleSeconds: number;
}

/** Where the certificates are, in PEM. */
export interface TlsFiles {
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  /** Of the CA whose certificates hosts must have. */
  readonly clientCaFile: string | undefined;
}

/** A way in for hosts. */
export type Way =
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      /** Undefined: without TLS. */
      readonly tls: TlsFiles | undefined;
    }
  | { readonly kind: "unix"; readonly path: string }
  /** The socket that `connect` reaches. */
  | { readonly kind: "relay"; readonly path: string }
  | { readonly kind: "serial"; readonly device: string; readonly baud: number }
  | { readonly kind: "stdio" };

/** The command line is wrong; the message says where. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The same as the host's for a target without a port. */
const defaultPort = 4650;
const defaultBaud = 115_200;
const smallestBaud = 1200;
const largestBaud = 4_000_000;
const defaultLeaseSeconds = 30;
const defaultIdleSeconds = 60;
const longestSeconds = 86_400;

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parseOptions(args);
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  const [subcommand, ...more] = positionals;
  if (subcommand === "key" && more.length === 0) return { kind: "key" };
  if (subcommand === "connect" && more.length === 0) return parseConnect(values);
  if (subcommand === "pin") return parsePin(more);
  if (subcommand !== undefined) throw new UsageError(`unknown argument ${subcommand}`);
  return parseServe(values);
}

function parseConnect(values: Options): ConnectCommand {
  const taken = ["socket", "no-start", "lease", "idle"];
  const other = Object.keys(values).find((name) => !taken.includes(name));
  if (other !== undefined) throw new UsageError(`connect does not take --${other}`);
  return {
    kind: "connect",
    socket: values.socket === undefined ? undefined : resolve(values.socket),
    startsAgent: values["no-start"] !== true,
    leaseSeconds: parseSeconds("--lease", values.lease) ?? defaultLeaseSeconds,
    idleSeconds: parseSeconds("--idle", values.idle) ?? defaultIdleSeconds,
  };
}

function parseServe(values: Options): ServeCommand {
  const connects = (["socket", "no-start"] as const).find((name) => values[name] !== undefined);
  if (connects !== undefined) throw new UsageError(`--${connects} is for sonde-agent connect`);
  if (values.baud !== undefined && values.serial === undefined) {
    throw new UsageError("--baud is for --serial");
  }
  const baud = parseBaud(values.baud);
  const tls = parseTls(values);
  const ways: readonly Way[] = [
    ...(values.listen ?? []).map((text) => parseListenUrl(text, tls)),
    ...(values.unix ?? []).map((path): Way => ({ kind: "unix", path })),
    ...(values.relay ?? []).map((path): Way => ({ kind: "relay", path: resolve(path) })),
    ...(values.serial ?? []).map((device): Way => ({ kind: "serial", device, baud })),
    ...(values.stdio === true ? [{ kind: "stdio" } as const] : []),
  ];
  if (ways.length === 0)
    throw new UsageError("one of --listen, --unix, --serial and --stdio is needed");
  if (tls !== undefined && !ways.some((way) => way.kind === "tcp" && way.tls !== undefined)) {
    throw new UsageError(
      "--tls-cert, --tls-key and --tls-client-ca are for --listen wss://HOST:PORT",
    );
  }
  if (values.stdio === true && ways.length > 1) {
    throw new UsageError("--stdio cannot be combined with another way in");
  }
  return {
    kind: "serve",
    ways,
    keyFile: values["key-file"],
    leaseSeconds: parseSeconds("--lease", values.lease) ?? defaultLeaseSeconds,
    idleSeconds: parseSeconds("--idle", values.idle) ?? (values.relay && defaultIdleSeconds),
  };
}

type Parsed = ReturnType<typeof parseStrictly>;
type Options = Parsed["values"];

function parseOptions(args: readonly string[]): Parsed {
  try {
    return parseStrictly(args);
  } catch (cause) {
    if (!errorCode(cause).startsWith("ERR_PARSE_ARGS_")) throw cause;
    // Node adds advice on "--" after the first sentence.
    const [sentence = ""] = (cause as Error).message.split(/[.\n]/);
    throw new UsageError(sentence.charAt(0).toLowerCase() + sentence.slice(1), { cause });
  }
}

function parseStrictly(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      listen: { type: "string", multiple: true },
      unix: { type: "string", multiple: true },
      relay: { type: "string", multiple: true },
      serial: { type: "string", multiple: true },
      baud: { type: "string" },
      stdio: { type: "boolean" },
      "key-file": { type: "string" },
      "tls-cert": { type: "string" },
      "tls-key": { type: "string" },
      "tls-client-ca": { type: "string" },
      lease: { type: "string" },
      idle: { type: "string" },
      socket: { type: "string" },
      "no-start": { type: "boolean" },
      version: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function parseListenUrl(text: string, tls: TlsFiles | undefined): Way {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const hasTls = url?.protocol === "wss:";
  if (url === undefined || !(hasTls || url.protocol === "ws:") || url.hostname === "") {
    throw new UsageError(`--listen ${text}: expected ws://HOST:PORT or wss://HOST:PORT`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new UsageError(`--listen ${text}: only a host and a port can be given`);
  }
  if (hasTls && tls === undefined) {
    throw new UsageError(`--listen ${text}: --tls-cert and --tls-key are needed`);
  }
  return {
    kind: "tcp",
    host: url.hostname,
    port: parsePort(text, url),
    tls: hasTls ? tls : undefined,
  };
}

function parsePort(text: string, url: URL): number {
  if (url.port !== "") return Number(url.port);
  // A URL does not tell a port that is the scheme's own from none.
  const own = url.protocol === "wss:" ? 443 : 80;
  return new RegExp(`:${own}/?$`).test(text) ? own : defaultPort;
}

/** Undefined when none of the options are given. */
function parseTls(values: Options): TlsFiles | undefined {
  const certificateFile = values["tls-cert"];
  const privateKeyFile = values["tls-key"];
  const clientCaFile = values["tls-client-ca"];
  if (certificateFile === undefined && privateKeyFile === undefined && clientCaFile === undefined) {
    return undefined;
  }
  if (certificateFile === undefined || privateKeyFile === undefined) {
    throw new UsageError("--tls-cert and --tls-key are needed, both");
  }
  return { certificateFile, privateKeyFile, clientCaFile };
}

function parsePin(files: readonly string[]): Command {
  const [certificateFile, ...more] = files;
  if (certificateFile === undefined || more.length > 0) {
    throw new UsageError("pin: one file with a certificate is needed");
  }
  return { kind: "pin", certificateFile };
}

function parseBaud(text: string | undefined): number {
  if (text === undefined) return defaultBaud;
  const baud = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (baud < smallestBaud || baud > largestBaud) {
    throw new UsageError(
      `--baud ${text}: expected bits a second, ${smallestBaud} to ${largestBaud}`,
    );
  }
  return baud;
}

function parseSeconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > longestSeconds) {
    throw new UsageError(`${option} ${text}: expected whole seconds, 1 to ${longestSeconds}`);
  }
  return seconds;
}
