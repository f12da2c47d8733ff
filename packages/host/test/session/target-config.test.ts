import { describe, expect, test } from "@jest/globals";
import { TargetError } from "../../src/session/errors.js";
import {
  formatTargetConfig,
  parseTargetConfig,
  requireTargetName,
  type TargetConfig,
} from "../../src/session/target-config.js";

const config: TargetConfig = {
  default: "board",
  targets: {
    lab: { keyFile: "/k", url: "wss://lab", pin: "sha256:00" },
    board: { url: "ssh://root@board" },
    constructor: { url: "local:" },
  },
};

describe("the config file", () => {
  test("is read as it was written", () => {
    expect(parseTargetConfig(formatTargetConfig(config), "f")).toEqual(config);
  });

  test("is written in one order, whatever came first", () => {
    const turned = {
      targets: Object.fromEntries(Object.entries(config.targets).reverse()),
      default: "board",
    };
    expect(formatTargetConfig(turned)).toBe(formatTargetConfig(config));
    expect(formatTargetConfig(config)).toMatchInlineSnapshot(`
      "{
        "default": "board",
        "targets": {
          "board": {
            "url": "ssh://root@board"
          },
          "constructor": {
            "url": "local:"
          },
          "lab": {
            "url": "wss://lab",
            "keyFile": "/k",
            "pin": "sha256:00"
          }
        }
      }
      "
    `);
  });

  test.each([
    ["{", "config file f: not JSON: "],
    ["[]", "config file f: the whole: not an object"],
    ['{"target": {}}', "config file f: the whole: there is no target, but default, targets"],
    ['{"targets": []}', "targets: not an object"],
    ['{"targets": {"a": "local:"}}', "targets.a: not an object"],
    ['{"targets": {"a": {}}}', "targets.a.url: the target's address is missing"],
    ['{"targets": {"a": {"url": "board"}}}', 'targets.a.url: target "board"'],
    [
      '{"targets": {"a": {"url": "local:", "baud": 1}}}',
      "targets.a: there is no baud, but url, key",
    ],
    ['{"targets": {"a": {"url": "local:", "pin": 1}}}', "targets.a.pin: not a text"],
    ['{"targets": {"a:b": {"url": "local:"}}}', "targets.a:b: not a name"],
    ['{"targets": {}, "default": "a"}', 'default: "a" is not the name of one'],
    ['{"targets": {}, "default": "toString"}', 'default: "toString" is not the name of one'],
  ])("%s is refused", (text, message) => {
    const parse = (): unknown => parseTargetConfig(text, "f");
    expect(parse).toThrow(TargetError);
    expect(parse).toThrow(message);
  });

  test("has names that are no addresses", () => {
    for (const name of ["board", "lab-1", "10.0.0.5", "a_b"]) {
      requireTargetName(name);
    }
    for (const name of ["", "local:", "-t", "a/b", "a b", "x".repeat(65)]) {
      expect(() => {
        requireTargetName(name);
      }).toThrow(TargetError);
    }
  });
});
