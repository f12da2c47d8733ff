import { describe, expect, test } from "@jest/globals";
import { ComPortClient } from "../../src/session/com-port.js";
import { TelnetReader } from "../../src/session/telnet.js";

const WILL = "will";
const BINARY = 0;
const ECHO = 1;
const COM_PORT = 44;

/** A bridge that agrees to what it is told to, and what came of asking it. */
class Bridge {
  readonly asked: string[] = [];
  readonly outcome: string[] = [];
  readonly client: ComPortClient;

  constructor(baud: number) {
    const reader = new TelnetReader({
      onData: () => this.outcome.push("data"),
      onOption: (verb, option) => this.asked.push(`${verb} ${option}`),
      onSubnegotiation: (_option, bytes) => this.asked.push([...bytes].join(" ")),
    });
    this.client = new ComPortClient(baud, {
      send: (bytes) => {
        reader.receive(bytes);
      },
      onReady: () => this.outcome.push("ready"),
      onRefused: (reason) => this.outcome.push(reason),
      onSuspended: (isSuspended) => this.outcome.push(isSuspended ? "suspended" : "resumed"),
    });
    this.client.start();
  }

  agree(): void {
    this.client.option("do", BINARY);
    this.client.option(WILL, BINARY);
    this.client.option("do", COM_PORT);
  }

  answer(...bytes: readonly number[]): void {
    this.client.subnegotiation(COM_PORT, Uint8Array.from(bytes));
  }

  takeAsked(): string[] {
    return this.asked.splice(0);
  }
}

/** 115,200 is 0x1C200. */
const baudAnswer = [101, 0, 1, 0xc2, 0];

describe("a client of RFC 2217", () => {
  test("asks for binary both ways and for the port, then for each setting, and is ready when all are made", () => {
    const bridge = new Bridge(115_200);
    expect(bridge.takeAsked()).toEqual(["will 0", "will 3", "will 44", "do 0", "do 3"]);
    bridge.agree();
    expect(bridge.takeAsked()).toEqual(["1 0 1 194 0"]);
    bridge.answer(...baudAnswer);
    expect(bridge.takeAsked()).toEqual(["2 8"]);
    for (const answer of [
      [102, 8],
      [103, 1],
      [104, 1],
    ]) {
      bridge.answer(...answer);
    }
    expect(bridge.outcome).toEqual([]);
    bridge.answer(105, 1);
    expect(bridge.outcome).toEqual(["ready"]);
    expect(bridge.takeAsked()).toEqual(["3 1", "4 1", "5 1"]);
  });

  test("says no to what it does not know, and is not disturbed by news of modem lines", () => {
    const bridge = new Bridge(115_200);
    bridge.takeAsked();
    bridge.client.option(WILL, ECHO);
    bridge.client.option("do", 31);
    expect(bridge.takeAsked()).toEqual(["dont 1", "wont 31"]);
    bridge.agree();
    bridge.answer(107, 0);
    bridge.answer();
    expect(bridge.takeAsked()).toEqual(["1 0 1 194 0"]);
    expect(bridge.outcome).toEqual([]);
  });

  test("a bridge that does not let its port be set is told as such, once", () => {
    const bridge = new Bridge(115_200);
    bridge.client.option("dont", COM_PORT);
    bridge.client.option("dont", BINARY);
    expect(bridge.outcome).toEqual(["the bridge does not let its port be set (RFC 2217)"]);
  });

  test("a bridge that changes bytes is told as such", () => {
    const bridge = new Bridge(115_200);
    bridge.client.option("wont", BINARY);
    expect(bridge.outcome).toEqual([
      "the bridge does not pass every byte as it is (Telnet's binary option)",
    ]);
  });

  test("another baud rate than asked for is a refusal, one that a UART cannot hit better is none", () => {
    const refusing = new Bridge(115_200);
    refusing.agree();
    refusing.answer(101, 0, 0, 0x25, 0x80);
    expect(refusing.outcome).toEqual(["the bridge set 9600 baud, not 115200"]);
    const close = new Bridge(115_200);
    close.agree();
    close.answer(101, 0, 1, 0xc8, 0x2c);
    expect(close.outcome).toEqual([]);
    expect(close.takeAsked().at(-1)).toBe("2 8");
  });

  test("a bridge that can take no more says so, and when it can again", () => {
    const bridge = new Bridge(115_200);
    bridge.answer(108);
    bridge.answer(109);
    expect(bridge.outcome).toEqual(["suspended", "resumed"]);
  });
});
