import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  encodeOption,
  encodeSubnegotiation,
  escapeTelnet,
  TelnetReader,
} from "../../src/session/telnet.js";

/** What a reader makes of some pieces: the data, and the commands as texts. */
function read(...pieces: readonly (readonly number[])[]): { data: number[]; commands: string[] } {
  const data: number[] = [];
  const commands: string[] = [];
  const reader = new TelnetReader({
    onData: (bytes) => data.push(...bytes),
    onOption: (verb, option) => commands.push(`${verb} ${option}`),
    onSubnegotiation: (option, bytes) => commands.push(`${option}: ${[...bytes].join(" ")}`),
  });
  for (const piece of pieces) reader.receive(Uint8Array.from(piece));
  return { data, commands };
}

describe("Telnet", () => {
  test("data come through as they were, whatever they are and however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const escaped = [...escapeTelnet(bytes)];
        const { data, commands } = read(escaped.slice(0, cut), escaped.slice(cut));
        expect(data).toEqual([...bytes]);
        expect(commands).toEqual([]);
      }),
    );
  });

  test("data without a byte of 255 cost nothing", () => {
    const bytes = Uint8Array.of(1, 2, 254);
    expect(escapeTelnet(bytes)).toBe(bytes);
  });

  test("commands stand between data, however they are cut", () => {
    const line = [
      7,
      ...encodeOption("do", 44),
      8,
      ...encodeSubnegotiation(44, Uint8Array.of(101, 255, 0)),
      9,
    ];
    const expected = { data: [7, 8, 9], commands: ["do 44", "44: 101 255 0"] };
    for (let cut = 0; cut <= line.length; cut++) {
      expect(read(line.slice(0, cut), line.slice(cut))).toEqual(expected);
    }
  });

  test("commands that are not known, and subnegotiations without an end, leave the data alone", () => {
    const endless = new Array<number>(5000).fill(1);
    expect(read([1, 255, 241, 2, 255, 250, 44, ...endless, 255, 240, 3])).toEqual({
      data: [1, 2, 3],
      commands: [],
    });
  });
});
