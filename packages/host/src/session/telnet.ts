/** RFC 854: what stands behind an IAC. */
const IAC = 255;
const SB = 250;
const SE = 240;
const verbCodes = { will: 251, wont: 252, do: 253, dont: 254 } as const;

/** A longer subnegotiation means nothing to us. */
const subnegotiationLimitBytes = 1024;

/** "will" and "wont" speak of the sender's side, "do" and "dont" of the other. */
export type TelnetVerb = keyof typeof verbCodes;

export interface TelnetHandlers {
  readonly onData: (bytes: Uint8Array) => void;
  readonly onOption: (verb: TelnetVerb, option: number) => void;
  readonly onSubnegotiation: (option: number, bytes: Uint8Array) => void;
}

/** Data on their way through Telnet in binary: a byte of 255 is doubled. */
export function escapeTelnet(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(IAC)) return bytes;
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte])));
}

export function encodeOption(verb: TelnetVerb, option: number): Uint8Array {
  return Uint8Array.of(IAC, verbCodes[verb], option);
}

export function encodeSubnegotiation(option: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(IAC, SB, option, ...escapeTelnet(bytes), IAC, SE);
}

/** Parts data from commands, however they are cut into pieces. What is not known is passed over. */
export class TelnetReader {
  readonly #handlers: TelnetHandlers;
  #state: "data" | "command" | TelnetVerb | "inside" | "insideCommand" = "data";
  #inside: number[] = [];

  constructor(handlers: TelnetHandlers) {
    this.#handlers = handlers;
  }

  receive(bytes: Uint8Array): void {
    const data: number[] = [];
    const flush = (): void => {
      if (data.length > 0) this.#handlers.onData(Uint8Array.from(data.splice(0)));
    };
    for (const byte of bytes) {
      if (this.#state === "data" && byte !== IAC) data.push(byte);
      else if (this.#state === "command" && byte === IAC) {
        data.push(byte);
        this.#state = "data";
      } else {
        flush();
        this.#step(byte);
      }
    }
    flush();
  }

  /** Every byte that is not data. */
  #step(byte: number): void {
    switch (this.#state) {
      case "data":
        this.#state = "command";
        break;
      case "command":
        this.#inside = [];
        this.#state = byte === SB ? "inside" : (verbOf(byte) ?? "data");
        break;
      case "will":
      case "wont":
      case "do":
      case "dont": {
        const verb = this.#state;
        this.#state = "data";
        this.#handlers.onOption(verb, byte);
        break;
      }
      case "inside":
        if (byte === IAC) this.#state = "insideCommand";
        else this.#keep(byte);
        break;
      case "insideCommand":
        this.#state = byte === SE ? "data" : "inside";
        if (byte === SE) this.#finish();
        else if (byte === IAC) this.#keep(byte);
        break;
    }
  }

  #keep(byte: number): void {
    if (this.#inside.length <= subnegotiationLimitBytes) this.#inside.push(byte);
  }

  #finish(): void {
    const [option, ...bytes] = this.#inside;
    if (option === undefined || bytes.length >= subnegotiationLimitBytes) return;
    this.#handlers.onSubnegotiation(option, Uint8Array.from(bytes));
  }
}

function verbOf(code: number): TelnetVerb | undefined {
  return (Object.keys(verbCodes) as TelnetVerb[]).find((verb) => verbCodes[verb] === code);
}
