import { describe, expect, test } from "@jest/globals";
import { coloredMessage, faultOfColorChoice } from "../../src/cli/message-color.js";

describe("the colour of a message", () => {
  const cases = [
    { name: "an error is red", text: "ERROR: no\nmore\n", code: 31 },
    { name: "so is one with its place", text: "stdin:1:9-14: ERROR: no\nbegin {}\n", code: 31 },
    { name: "of several lines, too", text: "stdin:1-3: ERROR: no\nbegin {}\n", code: 31 },
    { name: "a warning is yellow", text: "a/b.bt:1:9-14: WARNING: no\nmore\n", code: 33 },
    { name: "what is neither has none", text: "Attached 1 probe\n", code: undefined },
    { name: "nor has what only speaks of it", text: "said ERROR: no\n", code: undefined },
  ];
  test.each(cases)("$name", ({ text, code }) => {
    const [first = "", ...rest] = text.split("\n");
    const shown = code === undefined ? first : `\x1b[${code}m${first}\x1b[0m`;
    const all = [shown, ...rest].join("\n");
    expect(coloredMessage(text, {}, { BPFTRACE_COLOR: "always" })).toBe(all);
    expect(coloredMessage(text, { isTTY: true }, {})).toBe(all);
    expect(coloredMessage(text, { isTTY: true }, { BPFTRACE_COLOR: "never" })).toBe(text);
    expect(coloredMessage(text, { isTTY: true }, { NO_COLOR: "1" })).toBe(text);
    expect(coloredMessage(text, {}, {})).toBe(text);
  });

  test("is one of three choices", () => {
    expect(faultOfColorChoice({ BPFTRACE_COLOR: "auto" })).toBeUndefined();
    expect(faultOfColorChoice({})).toBeUndefined();
    expect(faultOfColorChoice({ BPFTRACE_COLOR: "purple" })).toContain(
      "The current value is purple!",
    );
  });
});
