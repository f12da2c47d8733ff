import { describe, expect, test } from "@jest/globals";
import {
  agentDirectionKeys,
  deriveHandshake,
  type HandshakeTranscript,
  hostDirectionKeys,
  requireLongKey,
} from "../src/auth.js";
import { ControlCodec } from "../src/codec.js";
import { encodeStreamMessage, HandshakeError } from "../src/index.js";
import { toHex } from "./hex.js";

const key = Uint8Array.from({ length: 16 }, (_, index) => index);

/** The example of docs/protocol.md, whose secrets were computed by another program. */
const transcript: HandshakeTranscript = {
  host: {
    major: 1,
    minor: 0,
    client: "sonde 0.1.0",
    nonce: Uint8Array.from({ length: 32 }, (_, index) => index),
  },
  agent: {
    major: 1,
    minor: 0,
    agent: "sonde-agent 0.1.0",
    methods: ["target.describe", "plan.run"],
    planSteps: ["createMap"],
    authentication: "key",
    nonce: Uint8Array.from({ length: 32 }, (_, index) => index + 32),
    leaseSeconds: 30,
    session: Uint8Array.from({ length: 16 }, (_, index) => index + 64),
  },
  binding: undefined,
};

describe("the handshake's secrets", () => {
  test("are those of the documented example", () => {
    const secrets = deriveHandshake(key, transcript);
    expect(toHex(secrets.agentProof)).toBe(
      "f080474be42ae1d86bff0a9e16a16c971fed611a212cc3d2aed4cbf51bd24370",
    );
    expect(toHex(secrets.hostProof)).toBe(
      "05f3b5d4af328b7faa259b1642141635d1115860cbb053c2747e5a67c486a943",
    );
    expect(toHex(secrets.hostKey)).toBe(
      "44df3bd4ab3824d7e95c21c9cc5c3460be8ee040f70aedd70ea11ad98937c112",
    );
    expect(toHex(secrets.agentKey)).toBe(
      "547f647294dfe8adc8e9405a23769c878544872f8735fa724352bd7897e538d3",
    );
  });

  test("authenticate the documented example message", () => {
    const codec = new ControlCodec();
    codec.authenticate(hostDirectionKeys(deriveHandshake(key, transcript)));
    expect(toHex(codec.encode({ kind: "cancel", id: 5 }))).toBe(
      "0300000000000000000c5ecfa3feb70c4f59b43159aac6f22282a46b696e64a663616e63656ca2696405",
    );
  });

  test("sign the documented example of a stream message", () => {
    const codec = new ControlCodec();
    codec.authenticate(agentDirectionKeys(deriveHandshake(key, transcript)));
    const header = { stream: 5, channel: 0, position: 0n, lost: 0n };
    const span = Uint8Array.from({ length: 8 + codec.streamMacSizeBytes }, (_, index) => index);
    const message = encodeStreamMessage(header, span);
    codec.signStream(message);
    expect(toHex(message)).toBe(
      "0600000005000000000000000000000000000000000000000001020304050607ae0be50ca980584e9e4c2c1f0be71958",
    );
  });

  test("give each side the other's keys mirrored", () => {
    const secrets = deriveHandshake(key, transcript);
    expect(hostDirectionKeys(secrets).send).toBe(agentDirectionKeys(secrets).receive);
    expect(hostDirectionKeys(secrets).receive).toBe(agentDirectionKeys(secrets).send);
  });

  const { host, agent, binding } = transcript;
  const changed: { name: string; transcript: HandshakeTranscript }[] = [
    {
      name: "the host's nonce",
      transcript: { host: { ...host, nonce: agent.nonce }, agent, binding },
    },
    {
      name: "the agent's nonce",
      transcript: { host, agent: { ...agent, nonce: host.nonce }, binding },
    },
    { name: "the host's version", transcript: { host: { ...host, minor: 1 }, agent, binding } },
    { name: "the agent's version", transcript: { host, agent: { ...agent, minor: 1 }, binding } },
    {
      name: "the methods",
      transcript: { host, agent: { ...agent, methods: ["plan.run"] }, binding },
    },
    {
      name: "where one method's name ends",
      transcript: { host, agent: { ...agent, methods: ["target.describep", "lan.run"] }, binding },
    },
    { name: "the lease", transcript: { host, agent: { ...agent, leaseSeconds: 31 }, binding } },
    {
      name: "the session",
      transcript: { host, agent: { ...agent, session: host.nonce }, binding },
    },
    {
      name: "whether there is a key",
      transcript: { host, agent: { ...agent, authentication: "none" }, binding },
    },
    { name: "TLS", transcript: { host, agent, binding: new Uint8Array(32) } },
  ];
  for (const { name, transcript: other } of changed) {
    test(`all differ when ${name} differs`, () => {
      const before = deriveHandshake(key, transcript);
      const after = deriveHandshake(key, other);
      expect(toHex(after.agentProof)).not.toBe(toHex(before.agentProof));
      expect(toHex(after.hostProof)).not.toBe(toHex(before.hostProof));
      expect(toHex(after.hostKey)).not.toBe(toHex(before.hostKey));
      expect(toHex(after.agentKey)).not.toBe(toHex(before.agentKey));
    });
  }
});

describe("keys", () => {
  test("of 16 bytes are long enough, of 15 not", () => {
    expect(() => {
      requireLongKey(new Uint8Array(16));
    }).not.toThrow();
    expect(() => {
      requireLongKey(new Uint8Array(15));
    }).toThrow(HandshakeError);
  });
});
