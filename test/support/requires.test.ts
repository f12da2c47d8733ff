import { describe, expect, test } from "@jest/globals";
import { decide, requiresFeature } from "./requires.js";

const lacking = { state: "unsupported", reason: "bpf: EINVAL" } as const;
const ringbuf = { name: "ringbuf", since: "5.8", answer: lacking };

describe("a test that needs a feature", () => {
  test("runs where the kernel has it, however old it says it is", () => {
    const feature = { ...ringbuf, answer: { state: "supported" } as const };
    expect(decide(feature, "4.19.0").kind).toBe("run");
  });

  test("is skipped on a kernel older than the feature, with the kernel's own reason", () => {
    expect(decide(ringbuf, "5.7.19-arm64")).toEqual({
      kind: "skip",
      reason: "needs ringbuf, which this kernel lacks (bpf: EINVAL)",
    });
  });

  test.each(["5.8.0", "5.10.0-28-armmp", "6.1", "10.0"])(
    "fails on %s, which should have it",
    (release) => {
      expect(decide(ringbuf, release).kind).toBe("fail");
    },
  );

  test("is skipped where the kernel was built without kprobes", () => {
    expect(decide({ name: "kprobe", since: "4.1", answer: lacking }, "6.18.44").kind).toBe("skip");
  });

  test("fails when no kernel that is tested on is new enough", () => {
    const feature = { ...ringbuf, since: "7.2" };
    expect(decide(feature, "6.18.44", "7.1").kind).toBe("fail");
    expect(decide(feature, "6.18.44", "7.2").kind).toBe("skip");
  });
});

describe("this kernel", () => {
  requiresFeature("tracepoint", "ringbuf")("has what tracing needs", () => {
    expect(process.getuid?.()).toBe(0);
  });
});
