import { describe, expect, test } from "@jest/globals";
import {
  agentDirectionKeys,
  deriveHandshake,
  type HandshakeTranscript,
  hostDirectionKeys,
  requireLongKey,
} from "../src/auth.js";
import { ControlCodec } from "../src/codec.js";
import { HandshakeError } from "../src/index.js";
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
  },
  binding: undefined,
};

describe("the handshake's secrets", () => {
  test("are those of the documented example", () => {
    const secrets = deriveHandshake(key, transcript);
    expect(toHex(secrets.agentProof)).toBe(
      "c17e803af3daa3528a674b35322d39e766425e33c3bc59a198cd19fc339018dd",
    );
    expect(toHex(secrets.hostProof)).toBe(
      "443145fda138b97145d41b57a52729ae94133a8ef179ce5cbd3a9eeec0920a71",
    );
    expect(toHex(secrets.hostKey)).toBe(
      "d42b4d2740fccded9f5825ecc5d48f10dea28467adeb50396070a1bb6b76892a",
    );
    expect(toHex(secrets.agentKey)).toBe(
      "231e36b75ae17fb74b364df7f2f75b19028ad40b119b05949cd7a0889ef40f87",
    );
  });

  test("authenticate the documented example message", () => {
    const codec = new ControlCodec();
    codec.authenticate(hostDirectionKeys(deriveHandshake(key, transcript)));
    expect(toHex(codec.encode({ kind: "cancel", id: 5 }))).toBe(
      "030000000000000000a15fc042ceb2c554fac4b14be261653182a46b696e64a663616e63656ca2696405",
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
