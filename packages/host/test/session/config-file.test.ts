import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { configPath, readConfig, writeConfig } from "../../src/session/config-file.js";
import { resolveTarget } from "../../src/session/resolve-target.js";

const variables = ["SONDE_CONFIG", "XDG_CONFIG_HOME", "SONDE_TARGET"] as const;
const before = variables.map((name) => process.env[name]);
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-config-"));
  for (const name of variables) Reflect.deleteProperty(process.env, name);
  process.env["XDG_CONFIG_HOME"] = folder;
});
afterEach(() => {
  variables.forEach((name, index) => {
    const value = before[index];
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  });
  rmSync(folder, { recursive: true });
});

const board = { targets: { board: { url: "ssh://board" } } };

describe("the user's config file", () => {
  test("is of no targets where there is none", () => {
    expect(configPath()).toBe(join(folder, "sonde", "config.json"));
    expect(readConfig()).toEqual({ targets: {} });
  });

  test("is written for its owner alone, in one step", () => {
    writeConfig(board);
    chmodSync(configPath(), 0o644);
    writeConfig(board);
    expect(readConfig()).toEqual(board);
    expect(statSync(configPath()).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "sonde"))).toEqual(["config.json"]);
  });

  test("stays a link to where it is kept", () => {
    process.env["SONDE_CONFIG"] = join(folder, "link.json");
    symlinkSync(join(folder, "kept.json"), configPath());
    writeFileSync(join(folder, "kept.json"), "{}");
    writeConfig(board);
    expect(lstatSync(configPath()).isSymbolicLink()).toBe(true);
    expect(readConfig()).toEqual(board);
  });

  test("is refused when it holds a key and others can read it", () => {
    writeConfig({ targets: { board: { url: "ws://board", key: "00".repeat(16) } } });
    expect(readConfig().targets["board"]?.key).toBe("00".repeat(16));
    chmodSync(configPath(), 0o640);
    expect(readConfig).toThrow("holds a key, and others can read it");
  });

  test("says which file cannot be read or written", () => {
    process.env["SONDE_CONFIG"] = folder;
    expect(readConfig).toThrow(`config file ${folder}: `);
    expect(() => {
      writeConfig(board);
    }).toThrow(`write config file ${folder}: `);
  });
});

describe("the target that is meant", () => {
  test("is what is given, else what the environment says, else the default, else this machine", () => {
    expect(resolveTarget(undefined).url).toBe("local:");
    writeConfig({ default: "board", targets: { ...board.targets, lab: { url: "ws://lab" } } });
    expect(resolveTarget(undefined)).toEqual({ name: "board", url: "ssh://board" });
    process.env["SONDE_TARGET"] = "lab";
    expect(resolveTarget(undefined)).toEqual({ name: "lab", url: "ws://lab" });
    expect(resolveTarget("board").url).toBe("ssh://board");
    expect(resolveTarget("unix:/x")).toEqual({ name: undefined, url: "unix:/x" });
    process.env["SONDE_TARGET"] = "";
    expect(resolveTarget(undefined).name).toBe("board");
  });

  test("has a name that is known", () => {
    writeConfig(board);
    expect(() => resolveTarget("toString")).toThrow('target "toString"');
    expect(() => resolveTarget("")).toThrow('target ""');
    try {
      resolveTarget("bord");
    } catch (error) {
      expect(error).toMatchObject({ hint: expect.stringContaining("did you mean board?") });
    }
    expect.assertions(3);
  });

  test("is found by its address even if the config file is wrong", () => {
    process.env["SONDE_CONFIG"] = folder;
    expect(resolveTarget("local:").url).toBe("local:");
  });
});
