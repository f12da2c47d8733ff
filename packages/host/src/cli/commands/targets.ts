import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { readConfig, writeConfig } from "../../session/config-file.js";
import { readKeyFile } from "../../session/key-file.js";
import { unknownTarget } from "../../session/resolve-target.js";
import { settingsOptions } from "../../session/settings-options.js";
import {
  requireTargetName,
  type SavedTarget,
  type TargetConfig,
  type TargetSettings,
} from "../../session/target-config.js";
import { parseTarget } from "../../session/target-url.js";
import { checkTlsOptions } from "../../session/tls-options.js";
import { UsageError } from "../exit-code.js";
import { addLinkOptions, type LinkOptions, settingsOf } from "../target-options.js";
import { testTarget } from "../test-target.js";

const examples = `
Examples:
  sonde targets add board ssh://root@10.0.0.5 --default
  sonde targets add lab wss://lab:4650 --key-file lab.key --pin sha256:…
  sonde targets add console 'serial:/dev/ttyUSB0?baud=921600'
  sonde targets list
  sonde targets test board
  sonde opensnoop -t board                 then; without -t it is the default

A target is chosen by -t, else by $SONDE_TARGET, else it is the default, else this machine.`;

/** Adds `sonde targets` and its commands. */
export function addTargetsCommand(program: Command): void {
  const targets = program
    .command("targets")
    .description("names for targets, kept in a config file, and whether they are reached")
    .addHelpText("after", examples);
  const add = targets
    .command("add")
    .description("keep a target, and how to get in, under a name for -t")
    .argument("<name>", "letters, digits, dots, dashes and underscores")
    .argument("<url>", "its address: ssh://root@board, serial:/dev/ttyUSB0 …")
    .option("--copy-key", "keep the key itself, not the name of its file")
    .option("--default", "use it where no target is given")
    .option("--replace", "take the place of a target of that name")
    .addHelpText("after", "\nExample:\n  sonde targets add board ssh://root@10.0.0.5 --default")
    .action(addTarget);
  addLinkOptions(add);
  targets
    .command("list")
    .description("the targets that are kept; the default is marked with a star")
    .addOption(
      new Option("-f, --format <format>", "output format")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText("after", "\nExample:\n  sonde targets list --format json")
    .action(list);
  targets
    .command("remove")
    .description("forget a target")
    .argument("<name>")
    .addHelpText("after", "\nExample:\n  sonde targets remove board")
    .action(remove);
  targets
    .command("default")
    .description("choose the target that is used where none is given, or print its name")
    .argument("[name]")
    .option("--none", "have none: this machine")
    .addHelpText(
      "after",
      "\nExamples:\n  sonde targets default board\n  sonde targets default --none",
    )
    .action(chooseDefault);
  const test = targets
    .command("test")
    .description("open a session, and say what is there and how long each step took")
    .argument("[target]", "a name or an address (default: as without -t)")
    .addHelpText(
      "after",
      "\nExamples:\n  sonde targets test board\n  sonde targets test ssh://root@10.0.0.5\n\nExit codes: 0 fine, 2 it was not reached, 3 BPF does not work there.",
    )
    .action(testTarget);
  addLinkOptions(test);
}

interface AddOptions extends LinkOptions {
  readonly copyKey?: boolean;
  readonly default?: boolean;
  readonly replace?: boolean;
}

function addTarget(name: string, url: string, options: AddOptions): void {
  requireTargetName(name);
  parseTarget(url);
  const settings = keptSettings(options);
  checkTlsOptions(settings);
  // Keys and certificates are read, so that a mistake is known now.
  settingsOptions(settings);
  const config = readConfig();
  const present = find(config, name);
  if (present !== undefined && options.replace !== true) {
    throw new UsageError(`targets add: there is a target ${name} already: ${present.url}`, {
      hint: "--replace puts this one in its place",
    });
  }
  const isDefault = options.default === true;
  writeConfig({
    ...config,
    targets: { ...config.targets, [name]: { url, ...settings } },
    ...(isDefault ? { default: name } : {}),
  });
}

/** With whole paths: the config file is used from any folder. */
function keptSettings(options: AddOptions): TargetSettings {
  const { keyFile, ...rest } = settingsOf(options);
  const whole = Object.entries(rest).map(([name, value]) => [
    name,
    name.endsWith("File") ? resolve(value) : value,
  ]);
  // Names and types are as they were.
  const settings = Object.fromEntries(whole) as TargetSettings;
  if (options.copyKey !== true) {
    return keyFile === undefined ? settings : { ...settings, keyFile: resolve(keyFile) };
  }
  if (keyFile === undefined) throw new UsageError("targets add: --copy-key needs --key-file");
  return { ...settings, key: Buffer.from(readKeyFile(keyFile)).toString("hex") };
}

function list({ format }: { readonly format: "text" | "json" }): void {
  const { default: chosen, targets } = readConfig();
  const rows = Object.entries(targets).map(([name, { key, ...shown }]) => ({
    name,
    ...shown,
    // The key itself is nobody's to see.
    ...(key === undefined ? {} : { hasKey: true }),
    isDefault: name === chosen,
  }));
  if (format === "json") {
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  for (const { name, url, isDefault } of rows) {
    process.stdout.write(`${isDefault ? "*" : " "} ${name.padEnd(width)}  ${url}\n`);
  }
  if (rows.length === 0) {
    process.stderr.write("sonde: no targets yet (sonde targets add NAME URL)\n");
  }
}

function remove(name: string): void {
  const config = readConfig();
  requirePresent(config, name);
  const rest = Object.entries(config.targets).filter(([other]) => other !== name);
  const { default: chosen } = config;
  writeConfig({
    targets: Object.fromEntries(rest),
    ...(chosen === undefined || chosen === name ? {} : { default: chosen }),
  });
}

function chooseDefault(name: string | undefined, options: { readonly none?: boolean }): void {
  const config = readConfig();
  if (options.none === true) {
    if (name !== undefined) throw new UsageError("targets default: either a name or --none");
    writeConfig({ targets: config.targets });
    return;
  }
  if (name === undefined) {
    if (config.default !== undefined) process.stdout.write(`${config.default}\n`);
    else process.stderr.write("sonde: no default target: local: is used\n");
    return;
  }
  requirePresent(config, name);
  writeConfig({ ...config, default: name });
}

function requirePresent(config: TargetConfig, name: string): void {
  if (find(config, name) === undefined) throw unknownTarget(name, Object.keys(config.targets));
}

function find({ targets }: TargetConfig, name: string): SavedTarget | undefined {
  return Object.hasOwn(targets, name) ? targets[name] : undefined;
}
