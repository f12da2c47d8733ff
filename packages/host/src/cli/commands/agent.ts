import { randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import { isConsole, startOnConsole } from "../../board/console-agent.js";
import { askRunning, stopRunning } from "../../board/running-agent.js";
import { buildAgents } from "../../board/build-agent.js";
import { takeAwayAgent } from "../../board/take-away.js";
import { describeAgents } from "../../board/agents-here.js";
import { Session } from "../../session/session.js";
import { withProgram } from "../../session/shell-address.js";
import { UsageError } from "../exit-code.js";
import { interruptible } from "../interrupts.js";
import { pushTo } from "../pushed-agent.js";
import { addTargetOptions, chooseTarget, type TargetOptions } from "../target-options.js";

const examples = `
Examples:
  sonde agent push -t ssh://root@board      puts the agent for that board there, where later traces find it
  sonde opensnoop -t ssh://root@board
  sonde agent remove -t ssh://root@board    stops it, and leaves nothing behind
  sonde opensnoop -t ssh://root@board --push   all three in one
  sonde agent build arm64 armhf             the small agents for these processors, in a checkout
  sonde agent push -t serial:/dev/ttyUSB0   through a console where root has logged in; then:
  sonde agent start -t serial:/dev/ttyUSB0  the agent takes the console over, until it is stopped
  sonde agent key > board.key               a key for --key-file of both sides`;

interface AgentOptions extends TargetOptions {
  readonly dir?: string;
  readonly force?: boolean;
  readonly idle: number;
}

/** Adds `sonde agent` and its commands. */
export function addAgentCommand(program: Command): void {
  const agent = program
    .command("agent")
    .description("build agents, put one on a board, stop it, remove it")
    .addHelpText("after", examples);
  const add = (name: string, description: string, example: string): Command =>
    addTargetOptions(agent.command(name).description(description)).addHelpText(
      "after",
      `\nExample:\n  ${example}`,
    );
  add(
    "push",
    "put the agent for a board there, through ssh, adb, docker, kubectl or a shell on a serial console; nothing is sent when the same one is there",
    "sonde agent push -t ssh://root@board",
  )
    .option(
      "--dir <folder>",
      "where on the board (default: the first place that will do, see docs/targets.md)",
    )
    .action(push);
  add(
    "start",
    "start the agent: on a serial console, which it takes over; elsewhere a trace does so by itself",
    "sonde agent start -t serial:/dev/ttyUSB0",
  )
    .option("--dir <folder>", "where it was put, if that was said")
    .addOption(
      new Option(
        "--idle <seconds>",
        "on a console: after so long without a session it ends, and the shell is back",
      )
        .default(600)
        .argParser(parseSeconds),
    )
    .action(start);
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
    .command("list")
    .description("the agents that are here to be pushed: Node's, and micro agents that were built")
    .addHelpText("after", "\nExample:\n  sonde agent list")
    .action(() => {
      for (const line of describeAgents()) print(line);
    });
  agent
    .command("build")
    .argument(
      "[processors...]",
      "as Node or Debian names them: x64, arm64, armhf, riscv64, mipsel …",
    )
    .description(
      "build micro agents, to be pushed from here: one small static program for each processor (in a checkout, on Debian)",
    )
    .addHelpText("after", "\nExample:\n  sonde agent build arm64 armhf")
    .action(async (processors: readonly string[]) => {
      process.exitCode = await interruptible(() => buildAgents(processors));
    });
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
  const pushed = await interruptible((signal) =>
    pushTo(target.url, { folder: options.dir, signal }),
  );
  const how = pushed.isNew
    ? `${Math.ceil(pushed.sentBytes / 1000)} kB sent`
    : "it was there already";
  print(`${pushed.name}: in ${pushed.folder} (${how})`);
  if (options.dir !== undefined && !isConsole(target.url)) {
    print(`its target is ${withProgram(target.url, pushed.program)}`);
  }
}

async function start(options: AgentOptions): Promise<void> {
  const { target, session: how } = chooseTarget(options);
  const { dir, idle } = options;
  requireAbsolute(dir);
  const program = dir === undefined ? undefined : `${dir}/sonde-agent`;
  if (isConsole(target.url)) {
    const agent = await interruptible((signal) =>
      startOnConsole(target.url, how, { program, idleSeconds: idle, signal }),
    );
    print(`${agent} has taken the console over`);
    return;
  }
  const url = program === undefined ? target.url : withProgram(target.url, program);
  await using session = await Session.open(url, how);
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
  const { target, session: connect } = chooseTarget(options);
  const { dir: folder, force = false } = options;
  requireAbsolute(folder);
  // To its end: what is half removed is of no use.
  const folders = await interruptible(() => takeAwayAgent(target.url, { folder, force, connect }));
  print(folders.length === 0 ? "nothing was there" : `removed ${folders.join(", ")}`);
}

function requireAbsolute(folder: string | undefined): void {
  if (folder === undefined || /^\/.*[^/]$/.test(folder)) return;
  throw new UsageError(`--dir ${folder}: not a whole path on the board, /…`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--idle ${text}: not a number of seconds`);
  return Number(text);
}
