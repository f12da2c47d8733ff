import {
  deriveHandshake,
  type HandshakeTranscript,
  hostDirectionKeys,
  isProof,
  nonceSizeBytes,
  requireLongKey,
} from "./auth.js";
import { type MessageChannel } from "./channel.js";
import { HandshakeError, RemoteError } from "./errors.js";
import { HostPeer } from "./host-peer.js";
import { type Params, type Result } from "./methods.js";
import { describeVersionMismatch, protocolVersion } from "./version.js";

export interface SessionOptions {
  /** "sonde 0.1.0", for the agent's log. */
  readonly client: string;
  /** The shared key, at least 16 bytes: the agent must then prove that it has it too. */
  readonly key?: Uint8Array;
  /** Compress what both sides send: worth its work on a slow line. */
  readonly compresses?: boolean;
  /** So many bytes that nobody can guess. */
  readonly randomBytes: (length: number) => Uint8Array;
}

export interface OpenedSession {
  readonly peer: HostPeer;
  readonly hello: Result<"hello">;
}

/**
 * Greets the agent at the other end and, with a key, has both sides prove that they know it. Takes the channel over and
 * closes it when anything fails: HandshakeError for another major version or a wrong or missing key, ProtocolError
 * for an agent that makes no sense, ConnectionClosedError.
 */
export async function openSession(
  channel: MessageChannel,
  options: SessionOptions,
): Promise<OpenedSession> {
  const peer = new HostPeer(channel);
  try {
    const hello = await shakeHands(peer, options, channel.binding);
    peer.begin(hello);
    if (options.compresses === true && hello.methods.includes("session.compress")) peer.compress();
    return { peer, hello };
  } catch (error) {
    const failure = asHandshakeError(error);
    peer.close(failure instanceof Error ? failure.message : "handshake");
    throw failure;
  }
}

async function shakeHands(
  peer: HostPeer,
  options: SessionOptions,
  binding: Uint8Array | undefined,
): Promise<Result<"hello">> {
  if (options.key !== undefined) requireLongKey(options.key);
  const params: Params<"hello"> = {
    ...protocolVersion,
    client: options.client,
    // Only a proof needs it unpredictable, and without a key there is none.
    nonce:
      options.key === undefined
        ? new Uint8Array(nonceSizeBytes)
        : options.randomBytes(nonceSizeBytes),
  };
  const hello = await peer.call("hello", params);
  if (hello.major !== protocolVersion.major) {
    throw new HandshakeError(describeVersionMismatch(protocolVersion, hello));
  }
  if (hello.authentication === "key") {
    const transcript = { host: params, agent: hello, binding };
    await prove(peer, requireKey(options.key), transcript, hello.proof);
  } else if (options.key !== undefined) {
    throw new HandshakeError({
      code: "authentication",
      message: "hello: a key is configured here, but the agent has none",
      hint: "start the agent with --key-file, or leave the key out for this target",
    });
  }
  return hello;
}

async function prove(
  peer: HostPeer,
  key: Uint8Array,
  transcript: HandshakeTranscript,
  agentProof: Uint8Array,
): Promise<void> {
  const secrets = deriveHandshake(key, transcript);
  if (!isProof(agentProof, secrets.agentProof)) {
    throw transcript.binding === undefined ? differentKeys() : differentKeysOrTls();
  }
  const answered = peer.call("authenticate", { proof: secrets.hostProof });
  peer.authenticate(hostDirectionKeys(secrets));
  await answered;
}

function differentKeys(): HandshakeError {
  return new HandshakeError({
    code: "authentication",
    message: "hello: the agent does not have the same key",
    hint: "give both sides the same key file",
  });
}

function differentKeysOrTls(): HandshakeError {
  return new HandshakeError({
    code: "authentication",
    message:
      "hello: the agent does not have the same key, or the TLS connection does not end at it",
    hint: "give both sides the same key file; if they have it, someone in between reads and writes for both sides",
  });
}

function requireKey(key: Uint8Array | undefined): Uint8Array {
  if (key !== undefined) return key;
  throw new HandshakeError({
    code: "authentication",
    message: "hello: the agent asks for a key, and none is configured here",
    hint: "give the agent's key with --key-file",
  });
}

/** Both sides find the same faults: what the agent found is told as if it had been found here. */
function asHandshakeError(error: unknown): unknown {
  if (!(error instanceof RemoteError) || error instanceof HandshakeError) return error;
  const isHandshakes = error.code === "version" || error.code === "authentication";
  return isHandshakes ? new HandshakeError(error.details, { cause: error }) : error;
}
