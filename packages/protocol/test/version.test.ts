import { describe, expect, test } from "@jest/globals";
import { describeVersionMismatch, peekVersion } from "../src/version.js";

describe("describeVersionMismatch", () => {
  test("an agent of an older major is the side to be updated", () => {
    const error = describeVersionMismatch({ major: 3, minor: 1 }, { major: 2, minor: 4 });
    expect(error.code).toBe("version");
    expect(error.message).toBe("hello: the host speaks protocol 3.1, the agent 2.4");
    expect(error.hint).toContain("update sonde-agent");
  });

  test("a host of an older major is the side to be updated", () => {
    const { hint } = describeVersionMismatch({ major: 1, minor: 9 }, { major: 2, minor: 0 });
    expect(hint).toContain("update sonde on this machine");
  });
});

describe("peekVersion", () => {
  test("finds the version in a hello that is otherwise unknown", () => {
    expect(peekVersion({ major: 2, minor: 3, more: [] })).toEqual({ major: 2, minor: 3 });
  });

  for (const hello of [undefined, null, 5, {}, { major: 1 }, { major: "1", minor: 0 }]) {
    test(`finds none in ${JSON.stringify(hello)}`, () => {
      expect(peekVersion(hello)).toBeUndefined();
    });
  }
});
