import { TargetError } from "./errors.js";
import { parseShellAddress, type ShellAddress, ShellAddressError } from "./shell-address.js";

/** Where an agent is, and over what to speak to it. */
export type TargetAddress =
  /** An agent of our own on this machine, over its stdio. */
  | { readonly kind: "local" }
  | { readonly kind: "ws"; readonly host: string; readonly port: number }
  /** The same over TLS. */
  | { readonly kind: "wss"; readonly host: string; readonly port: number }
  /** A bridge to a serial line: its bytes as they are. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly baud: number }
  /** A bridge that sets its port's baud rate by RFC 2217. */
  | {
      readonly kind: "rfc2217";
      readonly host: string;
      readonly port: number;
      readonly baud: number;
    }
  /** A serial port of this machine: /dev/ttyUSB0, COM3. */
  | { readonly kind: "serial"; readonly device: string; readonly baud: number }
  | { readonly kind: "unix"; readonly path: string }
  /** A command line for the shell, whose stdio is an agent's. */
  | { readonly kind: "exec"; readonly command: string }
  | ShellAddress;

const forms =
  "local:, ws://HOST:PORT, wss://HOST:PORT, serial:DEVICE[?baud=N], tcp://BRIDGE:PORT[?baud=N], rfc2217://BRIDGE:PORT[?baud=N], unix:PATH, exec:COMMAND, ssh://[USER@]HOST[:PORT], adb://[SERIAL], docker://CONTAINER or kubectl://[NAMESPACE/]POD";

/** The port an agent listens on when its URL names none. */
export const defaultPort = 4650;

const defaultBaud = 115_200;
const smallestBaud = 1200;

/** Parses a target as the command line spells it; throws TargetError, which lists the forms. */
export function parseTarget(text: string): TargetAddress {
  const colon = text.indexOf(":");
  const scheme = colon < 0 ? "" : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case "local":
      if (rest !== "") break;
      return { kind: "local" };
    case "unix":
      if (rest === "") throw wrong(text, "a socket's path must follow unix:");
      return { kind: "unix", path: rest };
    case "exec":
      if (rest.trim() === "") throw wrong(text, "a command must follow exec:");
      return { kind: "exec", command: rest };
    case "ws":
    case "wss":
      return parseWebSocket(text, scheme);
    case "tcp":
      return parseBridge("tcp", text);
    case "rfc2217":
      return parseBridge("rfc2217", text);
    case "serial":
      return parseSerialPort(text, rest);
    default: {
      const address = parseShell(text);
      if (address !== undefined) return address;
    }
  }
  throw wrong(text, `write ${forms}`);
}

function parseWebSocket(text: string, kind: "ws" | "wss"): TargetAddress {
  const url = parseUrl(text);
  if (url.pathname !== "/" && url.pathname !== "") {
    throw wrong(text, `a ${kind}:// target has no path`);
  }
  // URL hides a port that is the scheme's own.
  const ownPort = kind === "ws" ? 80 : 443;
  const namesOwnPort = new RegExp(`:${ownPort}/?$`).test(text);
  const port = url.port === "" ? (namesOwnPort ? ownPort : defaultPort) : Number(url.port);
  return { kind, host: url.hostname, port };
}

function parseBridge(kind: "tcp" | "rfc2217", text: string): TargetAddress {
  const url = parseUrl(text);
  if (url.port === "")
    throw wrong(text, `a bridge's port must follow its name: ${kind}://HOST:PORT`);
  if (url.pathname !== "" && url.pathname !== "/") {
    throw wrong(text, `a ${kind}:// target has no path`);
  }
  return {
    kind,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port),
    baud: parseBaud(text, url.searchParams),
  };
}

function parseSerialPort(text: string, rest: string): TargetAddress {
  const question = rest.indexOf("?");
  const device = question < 0 ? rest : rest.slice(0, question);
  if (device === "") throw wrong(text, "a serial port must follow serial:");
  const options = new URLSearchParams(question < 0 ? "" : rest.slice(question));
  return { kind: "serial", device, baud: parseBaud(text, options) };
}

/** The one option that a line has. */
function parseBaud(text: string, options: URLSearchParams): number {
  const unknown = [...options.keys()].find((name) => name !== "baud");
  if (unknown !== undefined) throw wrong(text, `there is no option ${unknown} here, but baud`);
  const spelt = options.get("baud") ?? String(defaultBaud);
  const baud = /^\d{1,8}$/.test(spelt) ? Number(spelt) : 0;
  if (baud < smallestBaud) throw wrong(text, `baud is in bits a second, ${smallestBaud} or more`);
  return baud;
}

function parseShell(text: string): ShellAddress | undefined {
  try {
    return parseShellAddress(text);
  } catch (cause) {
    if (cause instanceof ShellAddressError) throw wrong(text, cause.message, cause);
    throw cause;
  }
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw wrong(text, `write ${forms}`, cause);
  }
  if (url.hostname === "") throw wrong(text, "it names no host");
  return url;
}

function wrong(text: string, why: string, cause?: unknown): TargetError {
  return new TargetError(`target "${text}": not a target's address`, { hint: why, cause });
}
