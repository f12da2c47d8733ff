import { ComPortClient } from "./com-port.js";
import { ConnectError } from "./errors.js";
import { type RawLine, type RawLineListener } from "./raw-line.js";
import { openTcpLine } from "./tcp-line.js";
import { escapeTelnet, TelnetReader } from "./telnet.js";

/** For the bridge to agree: a handful of round trips. */
const agreementMilliseconds = 5000;
/** Of what a bridge says before it has agreed: "port already in use". */
const wordsLimitBytes = 200;

/** Connects to a bridge that speaks RFC 2217 and has it set its port. Throws ConnectError. */
export async function openRfc2217Line(
  address: {
    readonly kind: "rfc2217";
    readonly host: string;
    readonly port: number;
    readonly baud: number;
  },
  timeoutMilliseconds: number,
): Promise<RawLine> {
  const line = new Rfc2217Line(await openTcpLine(address, timeoutMilliseconds));
  try {
    await line.agree(address.baud);
  } catch (error) {
    await line.close();
    throw error;
  }
  return line;
}

/** A connection to a bridge, with Telnet's commands taken out. */
class Rfc2217Line implements RawLine {
  readonly #bridge: RawLine;
  #listener: RawLineListener | undefined;
  /** What the bridge cannot take for now. */
  #held: Uint8Array[] | undefined;

  constructor(bridge: RawLine) {
    this.#bridge = bridge;
  }

  get name(): string {
    return this.#bridge.name;
  }

  /** Resolves when the port is set. Throws ConnectError. */
  agree(baud: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let words = "";
      const fail = (reason: string, hint?: string): void => {
        clearTimeout(timer);
        const said = words.trim() === "" ? "" : `; it said ${JSON.stringify(words.trim())}`;
        const message = `${this.name}: ${reason}${said}`;
        reject(new ConnectError(message, hint === undefined ? {} : { hint }));
      };
      const timer = setTimeout(() => {
        fail(
          "the bridge does not answer as RFC 2217 asks",
          "one that passes bytes as they are is reached by tcp://, and has a baud rate of its own",
        );
      }, agreementMilliseconds);
      const port = new ComPortClient(baud, {
        send: (bytes) => {
          this.#bridge.write(bytes);
        },
        onReady: () => {
          clearTimeout(timer);
          resolve();
        },
        onRefused: fail,
        onSuspended: (isSuspended) => {
          this.#suspend(isSuspended);
        },
      });
      const reader = new TelnetReader({
        onData: (bytes) => {
          this.#listener?.onBytes(bytes);
          if (this.#listener === undefined && words.length < wordsLimitBytes) {
            words += String.fromCharCode(...bytes.subarray(0, wordsLimitBytes));
          }
        },
        onOption: (verb, option) => {
          port.option(verb, option);
        },
        onSubnegotiation: (option, bytes) => {
          port.subnegotiation(option, bytes);
        },
      });
      this.#bridge.listen({
        onBytes: (bytes) => {
          reader.receive(bytes);
        },
        onLost: (reason) => {
          if (this.#listener === undefined) fail(reason);
          else this.#listener.onLost(reason);
        },
      });
      port.start();
    });
  }

  listen(listener: RawLineListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    const escaped = escapeTelnet(bytes);
    if (this.#held === undefined) this.#bridge.write(escaped);
    else this.#held.push(escaped);
  }

  outsideBytes(): number {
    const held = this.#held?.reduce((sum, bytes) => sum + bytes.length, 0) ?? 0;
    return held + this.#bridge.outsideBytes();
  }

  async close(): Promise<void> {
    await this.#bridge.close();
  }

  #suspend(isSuspended: boolean): void {
    if (isSuspended) {
      this.#held ??= [];
    } else {
      for (const bytes of this.#held ?? []) this.#bridge.write(bytes);
      this.#held = undefined;
    }
  }
}
