import { createRequire } from "node:module";
// Types alone, and so that no import is left behind: the package may be missing.
import type * as SerialPortLibrary from "serialport";
import { ConnectError } from "./errors.js";
import { type RawLine, type RawLineListener } from "./raw-line.js";

/** Opens a serial port of this machine: 8 bits, no parity, no flow control, for us alone. Throws ConnectError. */
export async function openSerialPort(address: {
  readonly device: string;
  readonly baud: number;
}): Promise<RawLine> {
  const name = `serial:${address.device}`;
  const library = loadLibrary(name);
  return await new Promise((resolve, reject) => {
    const port = new library.SerialPort(
      // Without hupcl the modem lines stay as they are when we leave: there are boards that a falling DTR resets.
      { path: address.device, baudRate: address.baud, hupcl: false },
      (cause) => {
        if (cause === null) resolve(new SerialPortLine(name, port));
        else reject(explainPortFault(name, cause));
      },
    );
  });
}

/**
 * Only who has a serial port needs the library, and its binary is not there for every machine. Not by import(), which does not
 * work in code that V8 cached.
 */
function loadLibrary(name: string): typeof SerialPortLibrary {
  try {
    // The types are the package's own.
    return createRequire(import.meta.url)("serialport") as typeof SerialPortLibrary;
  } catch (cause) {
    const isMissing =
      cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND";
    const what = isMissing ? "is not installed" : `does not load: ${String(cause)}`;
    throw new ConnectError(`${name}: the package serialport ${what}`, {
      cause,
      hint: "install it beside sonde: npm install serialport",
    });
  }
}

/** The library tells faults apart by the texts of the operating system's messages alone. */
const faults: readonly {
  readonly pattern: RegExp;
  readonly instead?: string;
  readonly hint: string;
}[] = [
  {
    pattern: /no such file|file not found|no such device/i,
    hint: "is the adapter plugged in? the ports of this machine: ls /dev/serial/by-id (Linux), ls /dev/cu.* (macOS), the device manager (Windows)",
  },
  {
    pattern: /permission denied/i,
    hint: "on Linux, join the group that the port belongs to, then log in anew: sudo usermod -aG dialout $USER",
  },
  {
    pattern: /cannot lock port|busy|access denied/i,
    instead: "another program has it open",
    hint: "end it first: a terminal program, another sonde",
  },
];

/** Says in our words why the library could not open a port. */
export function explainPortFault(name: string, cause: Error): ConnectError {
  const fault = faults.find(({ pattern }) => pattern.test(cause.message));
  const said = cause.message.replace(/^Error:? /, "").replace(/, cannot open .*$/, "");
  return new ConnectError(`${name}: ${fault?.instead ?? lowerFirst(said)}`, {
    cause,
    hint: fault?.hint ?? "it must be a serial port that takes this baud rate",
  });
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

class SerialPortLine implements RawLine {
  readonly name: string;
  readonly #port: SerialPortLibrary.SerialPort;

  constructor(name: string, port: SerialPortLibrary.SerialPort) {
    this.name = name;
    this.#port = port;
  }

  write(bytes: Uint8Array): void {
    this.#port.write(bytes);
  }

  outsideBytes(): number {
    return this.#port.writableLength;
  }

  listen({ onBytes, onLost }: RawLineListener): void {
    let fault = "the serial port has gone";
    this.#port.on("error", (error) => {
      fault = lowerFirst(error.message);
    });
    this.#port.on("close", () => {
      onLost(fault);
    });
    this.#port.on("data", onBytes);
  }

  async close(): Promise<void> {
    this.#port.removeAllListeners("close");
    this.#port.removeAllListeners("data");
    if (!this.#port.isOpen) return;
    await new Promise<void>((resolve) => {
      // What fails on closing has gone already.
      this.#port.close(() => {
        resolve();
      });
    });
  }
}
