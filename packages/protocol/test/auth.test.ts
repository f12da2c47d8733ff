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
};

describe("the handshake's secrets", () => {
  test("are those of the documented example", () => {
    const secrets = deriveHandshake(key, transcript);
    expect(toHex(secrets.agentProof)).toBe(
      "16956b18d0d7274d75d6744f5d068c55257d7166bb1281b65f355639310b3626",
    );
    expect(toHex(secrets.hostProof)).toBe(
      "542e3250de5f78d321341a23936041cb3b67c0a9ed622fb2fec4e163cd164454",
    );
    expect(toHex(secrets.hostKey)).toBe(
      "468851623f247e043b7d1b65d07498daedbda528655f80338bf5ff2a9a79a43a",
    );
    expect(toHex(secrets.agentKey)).toBe(
      "45c3aafeac0a1924aadc3228bd3e9a1c32ea874b88a4bca9ed7ce0b3d991cf8c",
    );
  });

  test("authenticate the documented example message", () => {
    const codec = new ControlCodec();
    codec.authenticate(hostDirectionKeys(deriveHandshake(key, transcript)));
    expect(toHex(codec.encode({ kind: "cancel", id: 5 }))).toBe(
      "0300000000000000003d792b4912c7a2f4bcd5ce6cf2a01bff82a46b696e64a663616e63656ca2696405",
    );
  });

  test("give each side the other's keys mirrored", () => {
    const secrets = deriveHandshake(key, transcript);
    expect(hostDirectionKeys(secrets).send).toBe(agentDirectionKeys(secrets).receive);
    expect(hostDirectionKeys(secrets).receive).toBe(agentDirectionKeys(secrets).send);
  });

  const { host, agent } = transcript;
  const changed: { name: string; transcript: HandshakeTranscript }[] = [
    { name: "the host's nonce", transcript: { host: { ...host, nonce: agent.nonce }, agent } },
    { name: "the agent's nonce", transcript: { host, agent: { ...agent, nonce: host.nonce } } },
    { name: "the host's version", transcript: { host: { ...host, minor: 1 }, agent } },
    { name: "the agent's version", transcript: { host, agent: { ...agent, minor: 1 } } },
    { name: "the methods", transcript: { host, agent: { ...agent, methods: ["plan.run"] } } },
    {
      name: "where one method's name ends",
      transcript: { host, agent: { ...agent, methods: ["target.describep", "lan.run"] } },
    },
    { name: "the lease", transcript: { host, agent: { ...agent, leaseSeconds: 31 } } },
    {
      name: "whether there is a key",
      transcript: { host, agent: { ...agent, authentication: "none" } },
    },
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
