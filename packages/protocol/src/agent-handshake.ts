import { type AgentPeerOptions } from "./agent-peer-options.js";
import { deriveHandshake, type HandshakeSecrets, isProof, nonceSizeBytes } from "./auth.js";
import { checkParams } from "./checks.js";
import { type Result } from "./methods.js";
import { describeVersionMismatch, peekVersion, protocolVersion } from "./version.js";
import { type WireError } from "./wire-error.js";

/** What an agent answers to a hello. */
export type Greeting =
  | { readonly kind: "refusal"; readonly error: WireError }
  | {
      readonly kind: "answer";
      readonly answer: Result<"hello">;
      readonly client: string;
      /** With a key: the host has yet to prove that it has it. */
      readonly secrets: HandshakeSecrets | undefined;
    };

/** `session` names the session that begins; `binding` is the channel's. */
export function greet(
  params: unknown,
  session: Uint8Array,
  options: AgentPeerOptions,
  binding: Uint8Array | undefined,
): Greeting {
  const version = peekVersion(params);
  if (version !== undefined && version.major !== protocolVersion.major) {
    return { kind: "refusal", error: describeVersionMismatch(version) };
  }
  const checked = checkParams("hello", params);
  if (!checked.isRight) {
    return { kind: "refusal", error: { code: "protocol", message: `hello: ${checked.fault}` } };
  }
  const { key, agent, leaseSeconds, planSteps, handlers, randomBytes } = options;
  const unproven: Omit<Result<"hello">, "proof"> = {
    ...protocolVersion,
    agent,
    methods: methodNames(Object.keys(handlers), leaseSeconds),
    planSteps: [...planSteps],
    authentication: key === undefined ? "none" : "key",
    nonce: randomBytes(nonceSizeBytes),
    leaseSeconds,
    session,
  };
  const secrets =
    key === undefined
      ? undefined
      : deriveHandshake(key, { host: checked.value, agent: unproven, binding });
  const answer = { ...unproven, proof: secrets?.agentProof ?? new Uint8Array(0) };
  return { kind: "answer", answer, client: checked.value.client, secrets };
}

/** Where a session ends with its link there is nothing to come back to later. */
function methodNames(handled: readonly string[], leaseSeconds: number): string[] {
  const always = [...handled, "session.compress", "session.attach"];
  if (leaseSeconds > 0) return [...always, "session.resume"];
  return always.filter((name) => name !== "session.detach");
}

/** Whether the params of `authenticate` have the right proof. */
export function provesKey(params: unknown, secrets: HandshakeSecrets): boolean {
  const checked = checkParams("authenticate", params);
  return checked.isRight && isProof(checked.value.proof, secrets.hostProof);
}
