import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFolder } from "../scripts/debian/cached-folder.js";

let cache = "";
const setBefore = process.env["XDG_CACHE_HOME"];

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "sonde-cache-"));
  process.env["XDG_CACHE_HOME"] = cache;
});
afterEach(() => {
  if (setBefore === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = setBefore;
  rmSync(cache, { recursive: true, force: true });
});

async function make(name: string, text = name): Promise<string> {
  return await cachedFolder(`things/${name}`, (folder) => {
    writeFileSync(join(folder, "file"), text);
    return Promise.resolve();
  });
}

const names = (): string[] => readdirSync(join(cache, "sonde", "things")).sort();

function lastUsed(folder: string, daysAgo: number): void {
  const time = new Date(Date.now() - daysAgo * 24 * 60 * 60 * 1000);
  utimesSync(folder, time, time);
}

test("what is in the cache is not made again", async () => {
  await make("one", "first");
  expect(readFileSync(join(await make("one", "second"), "file"), "utf8")).toBe("first");
});

test("what could not be made leaves nothing", async () => {
  const failing = cachedFolder("things/one", () => Promise.reject(new Error("no network")));
  await expect(failing).rejects.toThrow("no network");
  expect(names()).toEqual([]);
});

test("what nobody has asked for in a week goes when something is made", async () => {
  const [old, askedFor, recent] = [
    await make("old"),
    await make("asked for"),
    await make("recent"),
  ];
  lastUsed(old, 8);
  lastUsed(askedFor, 8);
  lastUsed(recent, 6);
  await make("asked for");
  expect(names()).toEqual(["asked for", "old", "recent"]);
  await make("new");
  expect(names()).toEqual(["asked for", "new", "recent"]);
});
