import { describe, expect, test } from "@jest/globals";
import { StatusLine } from "../../src/cli/status-line.js";

/** What a terminal shows: lines, of which the last can be written anew. */
class Terminal {
  readonly isTTY = true;
  columns = 40;
  #text = "";
  write(text: string): void {
    this.#text += text;
  }
  get lines(): string[] {
    return this.#text.split("\n").map((line) => line.split("\r\u001b[K").at(-1) ?? "");
  }
}

describe("the status line", () => {
  test("is written anew, and is below what is said for good", () => {
    const terminal = new Terminal();
    const line = new StatusLine(terminal);
    line.print("first\n");
    line.show("rate", "10 events/s");
    line.show("rate", "9 events/s");
    line.print("Lost 3 events\n");
    expect(terminal.lines).toEqual(["first", "Lost 3 events", "9 events/s"]);
    line.clear("rate");
    expect(terminal.lines).toEqual(["first", "Lost 3 events", ""]);
    line.print("last\n");
    expect(terminal.lines).toEqual(["first", "Lost 3 events", "last", ""]);
  });

  test("tells of the link while it is lost, and then of the rate again", () => {
    const terminal = new Terminal();
    const line = new StatusLine(terminal);
    line.show("rate", "10 events/s");
    line.show("link", "link lost");
    line.show("rate", "0 events/s");
    expect(terminal.lines).toEqual(["link lost"]);
    line.clear("link");
    expect(terminal.lines).toEqual(["0 events/s"]);
  });

  test("is cut where the terminal ends", () => {
    const terminal = new Terminal();
    new StatusLine(terminal).show("rate", "x".repeat(100));
    expect(terminal.lines).toEqual(["x".repeat(39)]);
  });

  test("is not there when there is no terminal: only what is said for good is", () => {
    let text = "";
    const line = new StatusLine({ isTTY: false, write: (more) => (text += more) });
    line.show("rate", "10 events/s");
    line.print("said\n");
    line.clear("rate");
    expect(text).toBe("said\n");
    expect(line.isLive).toBe(false);
  });
});
