import { randomBytes } from "node:crypto";
import { type Command } from "commander";
import { openShell } from "../../board/open-shell.js";
import { removeAgent } from "../../board/push.js";
import { askRunning, stopRunning } from "../../board/running-agent.js";
import { ConnectError } from "../../session/errors.js";
import { Session } from "../../session/session.js";
import { withProgram } from "../../session/shell-address.js";
import { UsageError } from "../exit-code.js";
import { pushTo } from "../pushed-agent.js";
import { addTargetOptions, chooseTarget, type TargetOptions } from "../target-options.js";

const examples = `
Examples:
  sonde agent push -t ssh://root@board      puts the agent for that board there, where later traces find it
  sonde opensnoop -t ssh://root@board
  sonde agent remove -t ssh://root@board    stops it, and leaves nothing behind
  sonde opensnoop -t ssh://root@board --push   all three in one
  sonde agent key > board.key               a key for --key-file of both sides`;

interface AgentOptions extends TargetOptions {
  readonly dir?: string;
  readonly force?: boolean;
}

/** Adds `sonde agent` and its commands. */
export function addAgentCommand(program: Command): void {
  const agent = program
    .command("agent")
    .description("put an agent on a board, stop it, remove it")
    .addHelpText("after", examples);
  const add = (name: string, description: string, example: string): Command =>
    addTargetOptions(agent.command(name).description(description)).addHelpText(
      "after",
      `\nExample:\n  ${example}`,
    );
  add(
    "push",
    "put the agent for a board there, through ssh, adb, docker or kubectl; nothing is sent when the same one is there",
    "sonde agent push -t ssh://root@board",
  )
    .option(
      "--dir <folder>",
      "where on the board (default: the first place that will do, see docs/targets.md)",
    )
    .action(push);
  add(
    "start",
    "start the agent, which ends by itself when it is not used for a minute",
    "sonde agent start -t ssh://root@board",
  ).action(start);
  add(
    "status",
    "whether an agent is running there",
    "sonde agent status -t ssh://root@board",
  ).action(status);
  add("stop", "end the agent that is running there", "sonde agent stop -t ssh://root@board")
    .option("--force", "also when others have sessions there, which then end")
    .action(stop);
  add(
    "remove",
    "end the agent and remove what push has put there",
    "sonde agent remove -t ssh://root@board",
  )
    .option("--dir <folder>", "where it was put, if that was said")
    .option("--force", "also when others have sessions there, which then end")
    .action(remove);
  agent
    .command("key")
    .description("print a new key for --key-file, of 256 random bits")
    .addHelpText("after", "\nExample:\n  (umask 077; sonde agent key > board.key)")
    .action(() => {
      process.stdout.write(`${randomBytes(32).toString("hex")}\n`);
    });
}

async function push(options: AgentOptions): Promise<void> {
  const { target } = chooseTarget(options);
  requireAbsolute(options.dir);
  const pushed = await pushTo(target.url, options.dir);
  const how = pushed.isNew
    ? `${Math.ceil(pushed.sentBytes / 1000)} kB sent`
    : "it was there already";
  print(`${pushed.name}: in ${pushed.folder} (${how})`);
  if (options.dir !== undefined) {
    print(`its target is ${withProgram(target.url, pushed.program)}`);
  }
}

async function start(options: AgentOptions): Promise<void> {
  const { target, session: how } = chooseTarget(options);
  await using session = await Session.open(target.url, how);
  print(`${session.hello.agent} is running`);
}

async function status(options: AgentOptions): Promise<void> {
  const { target, session: how } = chooseTarget(options);
  const agent = await askRunning(target.url, how);
  print(agent === undefined ? "no agent is running" : `${agent} is running`);
}

async function stop(options: AgentOptions): Promise<void> {
  const { target, session: how } = chooseTarget(options);
  const isStopped = await stopRunning(target.url, how, { force: options.force === true });
  print(isStopped ? "stopped" : "no agent is running");
}

async function remove(options: AgentOptions): Promise<void> {
  const { target, session: how } = chooseTarget(options);
  const { dir } = options;
  requireAbsolute(dir);
  await using shell = await openShell(target.url);
  const url = dir === undefined ? target.url : withProgram(target.url, `${dir}/sonde-agent`);
  try {
    await stopRunning(url, how, { force: options.force === true });
  } catch (error) {
    // Without an agent that can be started there is none to stop; a board that is not reached is told of below.
    if (!(error instanceof ConnectError)) throw error;
  }
  const folders = await removeAgent(shell, dir);
  print(folders.length === 0 ? "nothing was there" : `removed ${folders.join(", ")}`);
}

function requireAbsolute(folder: string | undefined): void {
  if (folder === undefined || /^\/.*[^/]$/.test(folder)) return;
  throw new UsageError(`--dir ${folder}: not a whole path on the board, /…`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
