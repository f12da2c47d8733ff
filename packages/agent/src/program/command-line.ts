import { isLackName, lackNames, type LackName } from "../server/agent-server.js";
import { type Placement } from "./placement.js";
import { type ParsedOptions, parseOptions } from "./options.js";
import { UsageError } from "./usage-error.js";

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
  /** Features of the kernel that the agent is to do without. */
  readonly without: readonly LackName[];
  /** Every host may run programs. */
  readonly allowsPrograms: boolean;
  readonly placement: Placement;
  /** What it may take of a processor for events, above 0. */
  readonly processorShare: number | undefined;
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

/** The same as the host's for a target without a port. */
const defaultPort = 4650;
const largestPort = 65_535;
const defaultBaud = 115_200;
const smallestBaud = 1200;
const largestBaud = 4_000_000;
const defaultLeaseSeconds = 30;
const defaultIdleSeconds = 60;
const longestSeconds = 86_400;

/** `workingFolder` is what names of sockets are relative to. Throws UsageError. */
export function parseCommandLine(args: readonly string[], workingFolder: () => string): Command {
  const options = parseOptions(args, optionNames);
  const resolve = (path: string): string =>
    path.startsWith("/") ? path : `${workingFolder()}/${path}`;
  if (options.has("help")) return { kind: "help" };
  if (options.has("version")) return { kind: "version" };
  const [subcommand, ...more] = options.positionals;
  if (subcommand === "key" && more.length === 0) return { kind: "key" };
  if (subcommand === "connect" && more.length === 0) return parseConnect(options, resolve);
  if (subcommand === "pin") return parsePin(more);
  if (subcommand !== undefined) throw new UsageError(`unknown argument ${subcommand}`);
  return parseServe(options, resolve);
}

const optionNames = {
  flags: ["stdio", "allow-programs", "no-start", "version", "help"],
  valued: [
    ...(["listen", "unix", "relay", "serial", "baud", "key-file"] as const),
    ...(["max-cpu", "nice", "cpu"] as const),
    ...(["tls-cert", "tls-key", "tls-client-ca", "lease", "idle", "socket"] as const),
    // For tests, and for kernels where a feature is broken: in the documentation, not in the help.
    "without",
  ],
  letters: { h: "help" },
} as const;

type Options = ParsedOptions<
  (typeof optionNames.flags)[number],
  (typeof optionNames.valued)[number]
>;

function parseConnect(options: Options, resolve: (path: string) => string): ConnectCommand {
  const taken = ["socket", "no-start", "lease", "idle"];
  const other = options.names.find((name) => !taken.includes(name));
  if (other !== undefined) throw new UsageError(`connect does not take --${other}`);
  const socket = options.value("socket");
  return {
    kind: "connect",
    socket: socket === undefined ? undefined : resolve(socket),
    startsAgent: !options.has("no-start"),
    leaseSeconds: parseSeconds("--lease", options.value("lease")) ?? defaultLeaseSeconds,
    idleSeconds: parseSeconds("--idle", options.value("idle")) ?? defaultIdleSeconds,
  };
}

function parseServe(options: Options, resolve: (path: string) => string): ServeCommand {
  const connects = (["socket", "no-start"] as const).find((name) => options.has(name));
  if (connects !== undefined) throw new UsageError(`--${connects} is for sonde-agent connect`);
  if (options.has("baud") && !options.has("serial")) {
    throw new UsageError("--baud is for --serial");
  }
  const baud = parseBaud(options.value("baud"));
  const tls = parseTls(options);
  const ways: readonly Way[] = [
    ...options.values("listen").map((text) => parseListenUrl(text, tls)),
    ...options.values("unix").map((path): Way => ({ kind: "unix", path })),
    ...options.values("relay").map((path): Way => ({ kind: "relay", path: resolve(path) })),
    ...options.values("serial").map((device): Way => ({ kind: "serial", device, baud })),
    ...(options.has("stdio") ? [{ kind: "stdio" } as const] : []),
  ];
  if (ways.length === 0)
    throw new UsageError("one of --listen, --unix, --serial and --stdio is needed");
  if (tls !== undefined && !ways.some((way) => way.kind === "tcp" && way.tls !== undefined)) {
    throw new UsageError(
      "--tls-cert, --tls-key and --tls-client-ca are for --listen wss://HOST:PORT",
    );
  }
  if (options.has("stdio") && ways.length > 1) {
    throw new UsageError("--stdio cannot be combined with another way in");
  }
  return {
    kind: "serve",
    ways,
    keyFile: options.value("key-file"),
    leaseSeconds: parseSeconds("--lease", options.value("lease")) ?? defaultLeaseSeconds,
    idleSeconds:
      parseSeconds("--idle", options.value("idle")) ??
      (options.has("relay") ? defaultIdleSeconds : undefined),
    without: parseWithout(options.value("without")),
    allowsPrograms: options.has("allow-programs"),
    placement: {
      niceness: parseNiceness(options.value("nice")),
      processors: parseProcessors(options.value("cpu")),
    },
    processorShare: parsePercent(options.value("max-cpu")),
  };
}

function parseListenUrl(text: string, tls: TlsFiles | undefined): Way {
  // Scheme, host (an IPv6 address in brackets), port, and what a URL could have beyond.
  const parts = /^(wss?):\/\/(\[[0-9a-f:.]+\]|[^\s/?#@:[\]]+)(?::(\d{1,5}))?\/?(.*)$/i.exec(text);
  const [, scheme = "", host = "", port, beyond = ""] = parts ?? [];
  if (parts === null || Number(port ?? 0) > largestPort) {
    throw new UsageError(`--listen ${text}: expected ws://HOST:PORT or wss://HOST:PORT`);
  }
  if (beyond !== "") {
    throw new UsageError(`--listen ${text}: only a host and a port can be given`);
  }
  const hasTls = scheme.toLowerCase() === "wss";
  if (hasTls && tls === undefined) {
    throw new UsageError(`--listen ${text}: --tls-cert and --tls-key are needed`);
  }
  return {
    kind: "tcp",
    host: host.toLowerCase(),
    port: port === undefined ? defaultPort : Number(port),
    tls: hasTls ? tls : undefined,
  };
}

/** Undefined when none of the options are given. */
function parseTls(options: Options): TlsFiles | undefined {
  const certificateFile = options.value("tls-cert");
  const privateKeyFile = options.value("tls-key");
  const clientCaFile = options.value("tls-client-ca");
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

function parseWithout(text: string | undefined): readonly LackName[] {
  if (text === undefined) return [];
  return text.split(",").map((name) => {
    if (isLackName(name)) return name;
    throw new UsageError(`--without ${name}: expected some of ${lackNames.join(", ")}`);
  });
}

function parseNiceness(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const niceness = /^-?\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (niceness >= -20 && niceness <= 19) return niceness;
  throw new UsageError(`--nice ${text}: expected -20 (before all others) to 19 (after them)`);
}

const largestProcessor = 8191;

/** "0,2-3" gives 0, 2 and 3. */
function parseProcessors(text: string | undefined): readonly number[] | undefined {
  return text?.split(",").flatMap((range) => {
    const [, first = "", last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range) ?? [];
    const count = Number(last) - Number(first) + 1;
    if (first === "" || count < 1 || Number(last) > largestProcessor) {
      throw new UsageError(`--cpu ${text}: expected processors, as 0 or 0,2-3`);
    }
    return Array.from({ length: count }, (_, index) => Number(first) + index);
  });
}

function parsePercent(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}(?:\.\d{1,2})?$/.test(text) ? Number(text) : 0;
  if (percent <= 0 || percent > 100) {
    throw new UsageError(`--max-cpu ${text}: expected per cent of a processor, up to 100`);
  }
  return percent / 100;
}

function parseSeconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > longestSeconds) {
    throw new UsageError(`${option} ${text}: expected whole seconds, 1 to ${longestSeconds}`);
  }
  return seconds;
}
