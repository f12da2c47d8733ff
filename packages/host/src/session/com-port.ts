import { encodeOption, encodeSubnegotiation, type TelnetVerb } from "./telnet.js";

/** RFC 856, RFC 858, RFC 2217. */
const BINARY = 0;
const SUPPRESS_GO_AHEAD = 3;
const COM_PORT = 44;
const SET_BAUDRATE = 1;
const SET_DATASIZE = 2;
const SET_PARITY = 3;
const SET_STOPSIZE = 4;
const SET_CONTROL = 5;
const FLOWCONTROL_SUSPEND = 8;
const FLOWCONTROL_RESUME = 9;
/** A bridge's answer has the command's code and so much. */
const answerOffset = 100;

/** Of a UART and its other end together: what is further off does not work. */
const baudTolerance = 0.025;

const ours = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT];
const theirs = [BINARY, SUPPRESS_GO_AHEAD];

/** The settings of a line, in the order in which they are asked for. */
interface Setting {
  readonly command: number;
  readonly value: number;
  readonly sizeBytes: 1 | 4;
  readonly what: string;
}

export interface ComPortHandlers {
  readonly send: (bytes: Uint8Array) => void;
  /** The port is as it was asked for, and what is sent from now on reaches the line. */
  readonly onReady: () => void;
  /** The bridge will not. What comes after has no meaning. */
  readonly onRefused: (reason: string) => void;
  /** The bridge can take no more for now, or again. */
  readonly onSuspended: (isSuspended: boolean) => void;
}

/**
 * A client of RFC 2217: has a bridge pass every byte as it is, and set its port to a baud rate, 8 bits, no parity, one stop
 * bit and no flow control. The modem lines stay as they are.
 */
export class ComPortClient {
  readonly #handlers: ComPortHandlers;
  readonly #settings: readonly Setting[];
  /** Options that were asked of the bridge and not answered, as "do 0". */
  readonly #asked = new Set<string>();
  readonly #agreed = new Set<string>();
  #answeredSettings = -1;
  #isRefused = false;

  constructor(baud: number, handlers: ComPortHandlers) {
    this.#handlers = handlers;
    this.#settings = [
      { command: SET_BAUDRATE, value: baud, sizeBytes: 4, what: "baud" },
      { command: SET_DATASIZE, value: 8, sizeBytes: 1, what: "data bits" },
      { command: SET_PARITY, value: 1, sizeBytes: 1, what: "as parity (1 is none)" },
      { command: SET_STOPSIZE, value: 1, sizeBytes: 1, what: "stop bits" },
      { command: SET_CONTROL, value: 1, sizeBytes: 1, what: "as flow control (1 is none)" },
    ];
  }

  start(): void {
    for (const option of ours) this.#ask("will", option);
    for (const option of theirs) this.#ask("do", option);
  }

  /** The bridge says something of an option. */
  option(verb: TelnetVerb, option: number): void {
    const isOurs = verb === "do" || verb === "dont";
    const isYes = verb === "do" || verb === "will";
    const proposal = `${isOurs ? "will" : "do"} ${option}`;
    const wasAsked = this.#asked.delete(proposal);
    if (!isYes) {
      if (wasAsked && option !== SUPPRESS_GO_AHEAD) this.#refuse(describeRefusal(option));
      return;
    }
    const isKnown = (isOurs ? ours : theirs).includes(option);
    if (!isKnown) {
      this.#handlers.send(encodeOption(isOurs ? "wont" : "dont", option));
      return;
    }
    this.#agreed.add(proposal);
    this.#configure();
  }

  /** The bridge says something of its port. */
  subnegotiation(option: number, bytes: Uint8Array): void {
    const [code, ...rest] = bytes;
    if (option !== COM_PORT || code === undefined) return;
    if (code === FLOWCONTROL_SUSPEND + answerOffset) this.#handlers.onSuspended(true);
    if (code === FLOWCONTROL_RESUME + answerOffset) this.#handlers.onSuspended(false);
    const setting = this.#settings[this.#answeredSettings];
    // Notifications of modem lines, and answers that were not asked for.
    if (setting === undefined || code !== setting.command + answerOffset) return;
    const value = rest.reduce((sum, byte) => sum * 256 + byte, 0);
    const isClose = Math.abs(value - setting.value) <= setting.value * baudTolerance;
    if (!isClose) {
      this.#refuse(`the bridge set ${value} ${setting.what}, not ${setting.value}`);
      return;
    }
    this.#answeredSettings++;
    this.#requestSetting();
  }

  #ask(verb: TelnetVerb, option: number): void {
    this.#asked.add(`${verb} ${option}`);
    this.#handlers.send(encodeOption(verb, option));
  }

  /** Once every byte passes, and the port can be set. */
  #configure(): void {
    const needed = [`will ${BINARY}`, `do ${BINARY}`, `will ${COM_PORT}`];
    if (this.#answeredSettings >= 0 || !needed.every((one) => this.#agreed.has(one))) return;
    this.#answeredSettings = 0;
    this.#requestSetting();
  }

  #requestSetting(): void {
    if (this.#isRefused) return;
    const setting = this.#settings[this.#answeredSettings];
    if (setting === undefined) {
      this.#handlers.onReady();
      return;
    }
    const value = new Uint8Array(setting.sizeBytes);
    const view = new DataView(value.buffer);
    if (setting.sizeBytes === 4) view.setUint32(0, setting.value);
    else view.setUint8(0, setting.value);
    this.#handlers.send(encodeSubnegotiation(COM_PORT, Uint8Array.of(setting.command, ...value)));
  }

  #refuse(reason: string): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#handlers.onRefused(reason);
  }
}

function describeRefusal(option: number): string {
  return option === COM_PORT
    ? "the bridge does not let its port be set (RFC 2217)"
    : "the bridge does not pass every byte as it is (Telnet's binary option)";
}
