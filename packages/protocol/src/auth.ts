import { type DirectionKeys } from "./codec.js";
import { HandshakeError } from "./errors.js";
import { areMacsEqual, hmacSha256 } from "./hmac.js";
import { type Params, type Result } from "./methods.js";
import { encodeUtf8 } from "./utf8.js";

/** 128 bits: shorter keys could be guessed from a recorded handshake. */
export const minimumKeySizeBytes = 16;
export const nonceSizeBytes = 32;

/**
 * What both sides said in the hello, and over which TLS connection: all of it is bound into the proofs, so that none of it
 * can be changed on the way.
 */
export interface HandshakeTranscript {
  readonly host: Params<"hello">;
  readonly agent: Omit<Result<"hello">, "proof">;
  /** The channel's; undefined where there is no TLS. */
  readonly binding: Uint8Array | undefined;
}

/** The proofs and keys that a shared key and one handshake give; both sides compute the same. */
export interface HandshakeSecrets {
  readonly agentProof: Uint8Array;
  readonly hostProof: Uint8Array;
  /** For control messages from the host to the agent, and back. */
  readonly hostKey: Uint8Array;
  readonly agentKey: Uint8Array;
}

const labels = {
  agentProof: encodeUtf8("sonde agent proof"),
  hostProof: encodeUtf8("sonde host proof"),
  hostKey: encodeUtf8("sonde host to agent"),
  agentKey: encodeUtf8("sonde agent to host"),
};

/** Throws HandshakeError for a key that is too short to be safe. */
export function requireLongKey(key: Uint8Array): void {
  if (key.length >= minimumKeySizeBytes) return;
  throw new HandshakeError({
    code: "authentication",
    message: `the key has ${key.length} bytes, at least ${minimumKeySizeBytes} are needed`,
    hint: "make one with `sonde-agent key`",
  });
}

export function deriveHandshake(
  key: Uint8Array,
  transcript: HandshakeTranscript,
): HandshakeSecrets {
  const base = hmacSha256(key, encodeTranscript(transcript));
  return {
    agentProof: hmacSha256(base, labels.agentProof),
    hostProof: hmacSha256(base, labels.hostProof),
    hostKey: hmacSha256(base, labels.hostKey),
    agentKey: hmacSha256(base, labels.agentKey),
  };
}

export function hostDirectionKeys(secrets: HandshakeSecrets): DirectionKeys {
  return { send: secrets.hostKey, receive: secrets.agentKey };
}

export function agentDirectionKeys(secrets: HandshakeSecrets): DirectionKeys {
  return { send: secrets.agentKey, receive: secrets.hostKey };
}

export function isProof(proof: Uint8Array, expected: Uint8Array): boolean {
  return areMacsEqual(proof, expected);
}

/** Fields one after the other, each behind its length: no two transcripts have the same encoding. */
function encodeTranscript({ host, agent, binding }: HandshakeTranscript): Uint8Array {
  const fields = [
    encodeUtf8("sonde handshake"),
    encodeU32(host.major),
    encodeU32(host.minor),
    encodeUtf8(host.client),
    host.nonce,
    encodeU32(agent.major),
    encodeU32(agent.minor),
    encodeUtf8(agent.agent),
    encodeUtf8(agent.authentication),
    encodeU32(agent.leaseSeconds),
    encodeList(agent.methods),
    encodeList(agent.planSteps),
    agent.nonce,
    agent.session,
    binding ?? new Uint8Array(0),
  ];
  return encodeFields(fields);
}

function encodeList(names: readonly string[]): Uint8Array {
  return encodeFields(names.map(encodeUtf8));
}

function encodeFields(fields: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = fields.reduce((sum, field) => sum + 4 + field.length, 0);
  const encoded = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const field of fields) {
    encoded.set(encodeU32(field.length), offset);
    encoded.set(field, offset + 4);
    offset += 4 + field.length;
  }
  return encoded;
}

function encodeU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  for (let index = 0; index < 4; index++) bytes[index] = value >>> (8 * index);
  return bytes;
}
