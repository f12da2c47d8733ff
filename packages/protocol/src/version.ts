import { type WireError } from "./wire-error.js";

/** major.minor of the protocol: a host speaks every minor of its major. */
export const protocolVersion = { major: 1, minor: 0 } as const;

export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

/** The error for two sides of different majors, as the agent sees it: says which side is to be updated. */
export function describeVersionMismatch(
  host: ProtocolVersion,
  agent: ProtocolVersion = protocolVersion,
): WireError {
  const isAgentOlder = agent.major < host.major;
  return {
    code: "version",
    message: `hello: the host speaks protocol ${host.major}.${host.minor}, the agent ${agent.major}.${agent.minor}`,
    hint: isAgentOlder
      ? "the agent is the older: update sonde-agent on the target"
      : "the host is the older: update sonde on this machine",
  };
}

/** The version in a hello of any major, whose other fields may have changed; undefined when it has none. */
export function peekVersion(hello: unknown): ProtocolVersion | undefined {
  if (typeof hello !== "object" || hello === null) return undefined;
  if (!("major" in hello) || !("minor" in hello)) return undefined;
  const { major, minor } = hello;
  return typeof major === "number" && typeof minor === "number" ? { major, minor } : undefined;
}
