import { describe, expect, test } from "@jest/globals";
import { explainPortFault } from "../../src/session/serial-port-line.js";

/** As the library says it, on Linux, macOS and Windows. */
const faults = [
  {
    said: "Error: No such file or directory, cannot open /dev/ttyUSB9",
    what: "no such file or directory",
    hint: /plugged in/,
  },
  {
    said: "Opening COM9: File not found",
    what: "opening COM9: File not found",
    hint: /plugged in/,
  },
  {
    said: "Error: Permission denied, cannot open /dev/ttyUSB0",
    what: "permission denied",
    hint: /usermod -aG dialout/,
  },
  {
    said: "Error Resource temporarily unavailable Cannot lock port",
    what: "another program has it open",
    hint: /end it first/,
  },
  {
    said: "Error: Device or resource busy, cannot open /dev/ttyUSB0",
    what: "another program has it open",
    hint: /end it first/,
  },
  {
    said: "Opening COM1: Access denied",
    what: "another program has it open",
    hint: /end it first/,
  },
  {
    said: "Error: Inappropriate ioctl for device setting custom baud rate of 4098",
    what: "inappropriate ioctl for device setting custom baud rate of 4098",
    hint: /must be a serial port/,
  },
];

describe("a serial port that does not open", () => {
  test.each(faults)("$said", ({ said, what, hint }) => {
    const error = explainPortFault("serial:port", new Error(said));
    expect(error.message).toBe(`serial:port: ${what}`);
    expect(error.hint).toMatch(hint);
  });
});
