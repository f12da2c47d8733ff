import { describe, expect, test } from "@jest/globals";
import { TargetError } from "../../src/session/errors.js";
import { withProgram } from "../../src/session/shell-address.js";
import { parseTarget, type TargetAddress } from "../../src/session/target-url.js";

const good: readonly { readonly text: string; readonly expected: TargetAddress }[] = [
  { text: "local:", expected: { kind: "local" } },
  { text: "ws://board:1234", expected: { kind: "ws", host: "board", port: 1234 } },
  { text: "ws://board", expected: { kind: "ws", host: "board", port: 4650 } },
  { text: "ws://board:80", expected: { kind: "ws", host: "board", port: 80 } },
  { text: "ws://[::1]:99/", expected: { kind: "ws", host: "[::1]", port: 99 } },
  { text: "wss://board", expected: { kind: "wss", host: "board", port: 4650 } },
  { text: "wss://board:443/", expected: { kind: "wss", host: "board", port: 443 } },
  { text: "wss://[::1]:80", expected: { kind: "wss", host: "[::1]", port: 80 } },
  {
    text: "tcp://bridge:2000",
    expected: { kind: "tcp", host: "bridge", port: 2000, baud: 115_200 },
  },
  {
    text: "tcp://[::1]:2000?baud=9600",
    expected: { kind: "tcp", host: "::1", port: 2000, baud: 9600 },
  },
  {
    text: "rfc2217://bridge:2001?baud=921600",
    expected: { kind: "rfc2217", host: "bridge", port: 2001, baud: 921_600 },
  },
  {
    text: "serial:/dev/ttyUSB0?baud=9600",
    expected: { kind: "serial", device: "/dev/ttyUSB0", baud: 9600 },
  },
  { text: "serial:COM3", expected: { kind: "serial", device: "COM3", baud: 115_200 } },
  { text: "unix:/run/sonde.sock", expected: { kind: "unix", path: "/run/sonde.sock" } },
  {
    text: "exec:sudo sonde-agent --stdio",
    expected: { kind: "exec", command: "sudo sonde-agent --stdio" },
  },
  {
    text: "ssh://root@board:2222/opt/sonde-agent",
    expected: { kind: "ssh", destination: "root@board", port: 2222, program: "/opt/sonde-agent" },
  },
  {
    text: "ssh://board",
    expected: { kind: "ssh", destination: "board", port: undefined, program: undefined },
  },
  {
    text: "ssh://me@[fe80::1]:22",
    expected: { kind: "ssh", destination: "me@fe80::1", port: 22, program: undefined },
  },
  { text: "adb:", expected: { kind: "adb", serial: undefined, program: undefined } },
  {
    text: "adb://R58N123/data/local/tmp/agent",
    expected: { kind: "adb", serial: "R58N123", program: "/data/local/tmp/agent" },
  },
  {
    text: "docker://Web_1",
    expected: { kind: "docker", container: "Web_1", program: undefined },
  },
  {
    text: "kubectl://web-0",
    expected: {
      kind: "kubectl",
      namespace: undefined,
      pod: "web-0",
      container: undefined,
      context: undefined,
      program: undefined,
    },
  },
  {
    text: "kubectl://shop/web-0?container=app&context=test&program=/opt/agent",
    expected: {
      kind: "kubectl",
      namespace: "shop",
      pod: "web-0",
      container: "app",
      context: "test",
      program: "/opt/agent",
    },
  },
];

describe("parseTarget", () => {
  test.each(good)("takes $text", ({ text, expected }) => {
    expect(parseTarget(text)).toEqual(expected);
  });

  test.each([
    "",
    "board",
    "local:x",
    "unix:",
    "exec: ",
    "http://board",
    "ws://",
    "ws://board/path",
    "wss://board/path",
    "tcp://bridge",
    "tcp://bridge:2000/path",
    "tcp://bridge:2000?baud=fast",
    "tcp://bridge:2000?parity=even",
    "rfc2217://bridge",
    "serial:",
    "serial:?baud=9600",
    "serial:/dev/ttyUSB0?baud=9600x",
    "ssh://-oProxyCommand=x",
    "ssh://%2DoProxyCommand=x",
    "ssh://",
    "ssh://board:99999",
    "ssh://board?x=1",
    "ssh://board%2",
    "adb://-H",
    "docker://",
    "docker:web",
    "kubectl://shop/web-0/app",
    "kubectl://web-0?container=--context",
    "kubectl://web-0?pod=x",
  ])("refuses %j with the forms there are", (text) => {
    expect(() => parseTarget(text)).toThrow(TargetError);
  });
});

describe("withProgram", () => {
  test.each(["ssh://me@board:22", "ssh://board/old/agent", "adb:", "adb://R5", "docker://web"])(
    "names the agent on %s",
    (text) => {
      const program = "/tmp/a b%/sonde-agent";
      expect(parseTarget(withProgram(text, program))).toEqual({ ...parseTarget(text), program });
    },
  );

  test.each(["kubectl://web-0", "kubectl://shop/web-0?container=app&program=/old"])(
    "names the agent on %s",
    (text) => {
      const program = "/tmp/a&b/sonde-agent";
      expect(parseTarget(withProgram(text, program))).toEqual({ ...parseTarget(text), program });
    },
  );
});
