import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Result, type TargetDescription, type TargetFeatures } from "@sonde/protocol";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FeatureCache } from "../../src/session/feature-cache.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-cache-"));
  process.env["SONDE_CACHE"] = folder;
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

// Of both only the parts that the cache looks at.
const hello = { agent: "sonde-agent 0.1.0" } as Result<"hello">;
const target = (bootId: string): TargetDescription =>
  ({
    release: "6.1",
    version: "#1",
    bootId,
    tracefs: "/t",
    privileges: { uid: 0, capabilities: 1n },
  }) as TargetDescription;
const features: TargetFeatures = {
  ringbuf: { state: "supported" },
  kprobe: { state: "unsupported", reason: "ENOENT" },
};

describe("FeatureCache", () => {
  test("gives what was kept of this boot", () => {
    new FeatureCache(hello, target("a")).write(features);
    expect(new FeatureCache(hello, target("a")).read()).toEqual(features);
  });

  test("knows nothing of another boot", () => {
    new FeatureCache(hello, target("a")).write(features);
    expect(new FeatureCache(hello, target("b")).read()).toBeUndefined();
  });

  test("does not keep answers when one could not be had", () => {
    const cache = new FeatureCache(hello, target("a"));
    cache.write({ ...features, btf: { state: "unknown", reason: "EPERM" } });
    expect(cache.read()).toBeUndefined();
  });

  test.each(["", "{", "[1]", '{"ringbuf": 1}', '{"ringbuf": {"state": "maybe"}}'])(
    "takes a damaged file for none: %j",
    (content) => {
      const cache = new FeatureCache(hello, target("a"));
      cache.write(features);
      const [name = ""] = readdirSync(join(folder, "features"));
      writeFileSync(join(folder, "features", name), content);
      expect(cache.read()).toBeUndefined();
    },
  );
});
