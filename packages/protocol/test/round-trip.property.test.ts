import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ControlCodec, type MessageBounds } from "../src/codec.js";
import { agentMessage, hostMessage } from "../src/control.js";
import {
  decodeStreamMessage,
  encodeStreamMessage,
  methods,
  planStep,
  ProtocolError,
  targetDescription,
} from "../src/index.js";
import { arbitraryOf } from "./schema-arbitrary.js";

const bounds: MessageBounds = { sizeBytes: 10_000_000, items: 1_000_000 };
const keys = { send: new Uint8Array(32).fill(1), receive: new Uint8Array(32).fill(2) };

/** The envelope after a journey through a codec with keys and one without. */
function roundTrip(message: Parameters<ControlCodec["encode"]>[0]): [unknown, unknown] {
  const [sender, receiver] = [new ControlCodec(), new ControlCodec()];
  const plain = receiver.decode(sender.encode(message), bounds).envelope;
  sender.authenticate(keys);
  receiver.authenticate({ send: keys.receive, receive: keys.send });
  return [plain, receiver.decode(sender.encode(message), bounds).envelope];
}

describe("every method", () => {
  for (const [method, { params, result }] of Object.entries(methods)) {
    test(`${method}: params and result arrive as they were sent, and valid`, () => {
      fc.assert(
        fc.property(arbitraryOf(params), fc.nat(0xffff_ffff), (value, id) => {
          const message = { kind: "request", id, method, params: value } as const;
          for (const arrived of roundTrip(message)) {
            expect(arrived).toEqual(message);
            expect(hostMessage.parse(arrived)).toEqual({ ...message, params: params.parse(value) });
          }
        }),
        { numRuns: 60 },
      );
      fc.assert(
        fc.property(arbitraryOf(result), fc.nat(0xffff_ffff), (value, id) => {
          const message = { kind: "reply", id, result: value } as const;
          for (const arrived of roundTrip(message)) {
            expect(arrived).toEqual(message);
            expect(agentMessage.parse(arrived)).toEqual({
              ...message,
              result: result.parse(value),
            });
          }
        }),
        { numRuns: 60 },
      );
    });
  }
});

test("every kind of envelope arrives as it was sent, and valid", () => {
  const envelopes = arbitraryOf(hostMessage);
  fc.assert(
    fc.property(envelopes, (message) => {
      for (const arrived of roundTrip(hostMessage.parse(message))) {
        expect(hostMessage.parse(arrived)).toEqual(message);
      }
    }),
  );
});

test("stream messages arrive as they were sent", () => {
  fc.assert(
    fc.property(
      fc.record({
        channel: fc.nat(0xffff),
        stream: fc.integer({ min: 1, max: 0xffff_ffff }),
        position: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        lost: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      }),
      fc.uint8Array(),
      (header, span) => {
        expect(decodeStreamMessage(encodeStreamMessage(header, span))).toEqual({ ...header, span });
      },
    ),
  );
});

test("arbitrary bytes decode, or raise ProtocolError and nothing else", () => {
  const codec = new ControlCodec();
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 200 }), (kind, bytes) => {
      for (const message of [bytes, Uint8Array.of(kind, ...bytes)]) {
        for (const decode of [
          () => codec.decode(message, bounds),
          () => decodeStreamMessage(message),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test("there is an arbitrary for every step of a plan and for the target's description", () => {
  const kinds = new Set(
    fc.sample(arbitraryOf(planStep), 400).map((step) => planStep.parse(step).kind),
  );
  expect(kinds.size).toBe(18);
  expect(targetDescription.safeParse(fc.sample(arbitraryOf(targetDescription), 1)[0]).success).toBe(
    true,
  );
});
