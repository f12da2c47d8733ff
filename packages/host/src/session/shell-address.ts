/** A board on which a tool of this machine runs command lines: there, `sonde-agent connect` is started. */
export type ShellAddress = SshAddress | AdbAddress | DockerAddress | KubectlAddress;

interface WithProgram {
  /** The agent's path on the board; undefined: wherever it is found. */
  readonly program: string | undefined;
}

export interface SshAddress extends WithProgram {
  readonly kind: "ssh";
  /** As ssh takes it: [USER@]HOST, or a name of its configuration. */
  readonly destination: string;
  readonly port: number | undefined;
}

export interface AdbAddress extends WithProgram {
  readonly kind: "adb";
  /** Undefined: the only device there is. */
  readonly serial: string | undefined;
}

export interface DockerAddress extends WithProgram {
  readonly kind: "docker";
  readonly container: string;
}

export interface KubectlAddress extends WithProgram {
  readonly kind: "kubectl";
  readonly namespace: string | undefined;
  readonly pod: string;
  /** Undefined: the pod's only one, or its default. */
  readonly container: string | undefined;
  /** Of kubectl's configuration; undefined: the current one. */
  readonly context: string | undefined;
}

/** The address was spelt wrong; the message says why. */
export class ShellAddressError extends Error {
  override readonly name = "ShellAddressError";
}

/** Parses "ssh://…", "adb:…", "docker://…", "kubectl://…"; undefined for other schemes. Throws ShellAddressError. */
export function parseShellAddress(text: string): ShellAddress | undefined {
  const match = /^(ssh|adb|docker|kubectl):(?:\/\/([^/?]*)(\/[^?]*)?(?:\?(.*))?)?$/.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", host = "", path = "", query = ""] = match;
  const parts = { host: decode(host), path: decode(path), query: new URLSearchParams(query) };
  switch (scheme) {
    case "ssh":
      return parseSsh(parts);
    case "adb":
      return parseAdb(parts);
    case "docker":
      return parseDocker(parts);
    default:
      return parseKubectl(parts);
  }
}

/** The same target, with the agent at that path on the board. */
export function withProgram(text: string, program: string): string {
  const path = program.split("/").map(encodeURIComponent).join("/");
  const match = /^(kubectl:[^?]*)\?(.*)$/.exec(text);
  if (text.startsWith("kubectl:")) {
    const query = new URLSearchParams(match?.[2] ?? "");
    query.set("program", program);
    return `${match?.[1] ?? text}?${query.toString()}`;
  }
  const [, base = ""] = /^(\w+:(?:\/\/[^/]*)?)/.exec(text) ?? [];
  return `${base.includes("//") ? base : `${base}//`}${path}`;
}

interface Parts {
  readonly host: string;
  /** With its slash; "" when there is none. */
  readonly path: string;
  readonly query: URLSearchParams;
}

function parseSsh({ host, path, query }: Parts): SshAddress {
  takeOptions(query, []);
  // ssh takes an IPv6 address without the brackets that tell it from a port.
  const match = /^((?:[^@]*@)?)(?:\[([\da-fA-F:.%]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(host);
  const [, user = "", ipv6, name = "", port] = match ?? [];
  const destination = `${user}${ipv6 ?? name}`;
  if (match === null || (ipv6 ?? name) === "" || Number(port ?? 1) > 65_535) {
    throw new ShellAddressError("write ssh://[USER@]HOST[:PORT][/PATH/TO/sonde-agent]");
  }
  refuseDash(destination);
  return {
    kind: "ssh",
    destination,
    port: port === undefined ? undefined : Number(port),
    program: programIn(path),
  };
}

function parseAdb({ host, path, query }: Parts): AdbAddress {
  takeOptions(query, []);
  refuseDash(host);
  return { kind: "adb", serial: host === "" ? undefined : host, program: programIn(path) };
}

function parseDocker({ host, path, query }: Parts): DockerAddress {
  takeOptions(query, []);
  if (host === "") throw new ShellAddressError("write docker://CONTAINER[/PATH/TO/sonde-agent]");
  refuseDash(host);
  return { kind: "docker", container: host, program: programIn(path) };
}

function parseKubectl({ host, path, query }: Parts): KubectlAddress {
  const options = takeOptions(query, ["container", "context", "program"]);
  const second = path.replace(/^\//, "").replace(/\/$/, "");
  if (host === "" || second.includes("/")) {
    throw new ShellAddressError(
      "write kubectl://[NAMESPACE/]POD[?container=NAME&context=NAME&program=PATH]",
    );
  }
  const pod = second === "" ? host : second;
  [host, pod].forEach(refuseDash);
  return {
    kind: "kubectl",
    namespace: second === "" ? undefined : host,
    pod,
    container: options.get("container"),
    context: options.get("context"),
    program: options.get("program"),
  };
}

function programIn(path: string): string | undefined {
  return path === "" || path === "/" ? undefined : path;
}

/** A leading dash would be read as an option by the tool. */
function refuseDash(word: string): void {
  if (word.startsWith("-")) throw new ShellAddressError(`a name cannot begin with a dash: ${word}`);
}

function takeOptions(
  query: URLSearchParams,
  known: readonly string[],
): ReadonlyMap<string, string> {
  const options = new Map(query);
  const unknown = [...options.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const there = known.length === 0 ? "there are no options here" : `but ${known.join(", ")}`;
    throw new ShellAddressError(`there is no option ${unknown}, ${there}`);
  }
  [...options.values()].forEach(refuseDash);
  return options;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ShellAddressError("a % is followed by the two digits of a byte", { cause });
  }
}
