import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boardsNamed } from "./boards/boards.js";
import { type Named, TargetNames } from "./boards/target-names.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-names-"));
  process.env["SONDE_CONFIG"] = join(folder, "config.json");
});
afterEach(() => {
  delete process.env["SONDE_CONFIG"];
  rmSync(folder, { recursive: true });
});

/** Its key is there while it runs. */
function machine(): Named {
  const keyFolder = join(folder, "sonde-board-abcdef");
  mkdirSync(keyFolder);
  const keyFile = join(keyFolder, "board.key");
  writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  const [board] = boardsNamed(["x86_64-6.1"]);
  if (board === undefined) throw new Error("there is no such board");
  return {
    board,
    keyFile,
    networkTarget: "ws://127.0.0.1:4650",
    serialTarget: "tcp://127.0.0.1:4651?baud=115200",
  };
}

function configured(): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  return (parsed as { targets: Record<string, unknown> }).targets;
}

test("a board that runs is the target board, and is forgotten when it ends", async () => {
  const one = machine();
  const { keyFile } = one;
  const names = await TargetNames.add(one);
  expect(names).toMatchObject({ network: "board", serial: "board-serial", isBoardTaken: false });
  expect(configured()).toEqual({
    board: { url: "ws://127.0.0.1:4650", keyFile },
    "board-serial": { url: "tcp://127.0.0.1:4651?baud=115200", keyFile },
  });
  await names.remove();
  expect(configured()).toEqual({});
});

test("a person's own target of that name is left alone", async () => {
  const own = { url: "ssh://root@10.0.0.5" };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ targets: { board: own } }));
  const names = await TargetNames.add(machine());
  expect(names).toMatchObject({ network: "x86_64-6.1", isBoardTaken: true });
  expect(Object.keys(configured())).toEqual(["board", "x86_64-6.1", "x86_64-6.1-serial"]);
  await names.remove();
  expect(configured()).toEqual({ board: own });
});

test("what a board that was killed has left is replaced", async () => {
  const gone = { url: "ws://127.0.0.1:1", keyFile: join(tmpdir(), "sonde-board-gone/board.key") };
  const left = { targets: { board: gone, "board-serial": gone } };
  writeFileSync(join(folder, "config.json"), JSON.stringify(left));
  const names = await TargetNames.add(machine());
  expect(names).toMatchObject({ network: "board", isBoardTaken: false });
  expect(configured()["board"]).toMatchObject({ url: "ws://127.0.0.1:4650" });
});
