import { describe, expect, test } from "@jest/globals";
import { buildPlan } from "../../src/session/build-plan.js";
import { formatRefusals, refusalsOf } from "../../src/session/refusals.js";
import { type AttachmentSpec } from "../../src/spec/attachment-spec.js";
import { type ObjectSpec } from "../../src/spec/object-spec.js";

function kprobe(symbol: string): AttachmentSpec {
  const place = { symbol, offset: 0n, isReturn: false };
  return { kind: "kprobe", program: "p", probe: `kprobe:${symbol}`, ...place, ifRefused: "warn" };
}

const object: ObjectSpec = {
  maps: [],
  programs: [],
  attachments: [kprobe("a"), kprobe("b"), kprobe("c"), kprobe("d"), kprobe("e")],
  runs: [],
  streams: [],
};
const built = buildPlan(object, {
  byteOrder: "little",
  creditBytes: 1,
  gatherMilliseconds: 2,
  perfPages: 8,
});

describe("probes that the kernel refused", () => {
  test("are those whose steps say so", () => {
    const results = [{}, { refusal: "attach kprobe b: ENOENT" }, {}, {}, {}];
    expect(refusalsOf(object, built, results)).toEqual([
      { attachment: object.attachments[1], reason: "attach kprobe b: ENOENT" },
    ]);
  });

  test("are named, each with its reason", () => {
    const results = built.attachments.map((_, at) => ({ refusal: `reason ${at}` }));
    const [first] = formatRefusals(refusalsOf(object, built, results), 5);
    expect(first).toBe("Unable to attach probe: kprobe:a. Skipping. (reason 0)");
  });

  test("are many: they are named as far as a line can, with the first one's reason", () => {
    const results = built.attachments.map((_, at) => ({ refusal: `reason ${at}` }));
    const refusals = refusalsOf(object, built, results);
    expect(formatRefusals([...refusals, ...refusals, ...refusals], 15)).toEqual([
      "15 of 15 probes could not be attached: kprobe:a, kprobe:b, kprobe:c, … (reason 0)",
    ]);
  });
});
