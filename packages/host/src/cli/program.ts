import { Command } from "commander";
import { hostVersion } from "../session/version.js";
import { addAgentCommand } from "./commands/agent.js";
import { addAttachCommand } from "./commands/attach.js";
import { addBtfCommand } from "./commands/btf.js";
import { addInfoCommand } from "./commands/info.js";
import { addObjectCommand } from "./commands/object.js";
import { addProbesCommand } from "./commands/probes.js";
import { addReplayCommand } from "./commands/replay.js";
import { addRunCommand } from "./commands/run.js";
import { addSessionsCommand } from "./commands/sessions.js";
import { addStopCommand } from "./commands/stop.js";
import { addTargetsCommand } from "./commands/targets.js";
import { addToolCommands } from "./commands/tools.js";
import { addTracePipeCommand } from "./commands/trace-pipe.js";
import { addTypesCommand } from "./commands/types.js";
import { addTraceCommand } from "./commands/trace.js";
import { exitCodes } from "./exit-code.js";

const examples = `
Examples:
  sonde opensnoop                          files that are opened on this machine, as they are opened
  sonde opensnoop -t ssh://root@board      the same on a board
  sonde trace 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); }'
  sonde trace script.bt                    a script in bpftrace's language
  sonde run opensnoop.bpf.o                a BPF object as clang compiles it
  sonde attach boot -t ssh://root@board    a trace that was left there: sonde trace --detach --name boot
  sonde probes 'tracepoint:sched:*'        what can be traced
  sonde info -t ws://board:4650            what a board can do, and what it cannot
  sonde opensnoop -t ssh://root@board --push   with an agent that is put there for this one trace
  sonde targets add board ssh://root@board names a board: -t board

Exit codes:
  0 fine · 1 the program or command line is wrong · 2 the target was not reached · 3 the target's kernel refused
  4 events were lost (with --fail-on-lost) · 130 interrupted`;

/** Every command but the tools, in the order of the help. */
const commands: Readonly<Record<string, (program: Command) => void>> = {
  trace: addTraceCommand,
  run: addRunCommand,
  object: addObjectCommand,
  btf: addBtfCommand,
  types: addTypesCommand,
  sessions: addSessionsCommand,
  attach: addAttachCommand,
  stop: addStopCommand,
  replay: addReplayCommand,
  "trace-pipe": addTracePipeCommand,
  probes: addProbesCommand,
  info: addInfoCommand,
  targets: addTargetsCommand,
  agent: addAgentCommand,
};

/**
 * The command line of `sonde`, as far as its first word asks for it: all of it, unless that is a command's name. To describe
 * forty commands takes longer than to compile a program.
 */
export function createProgram(first: string | undefined): Command {
  const program = new Command("sonde")
    .description("Trace a Linux board from your laptop with eBPF.")
    .version(hostVersion)
    // sonde trace has its own -V.
    .enablePositionalOptions()
    .configureHelp({ helpWidth: 110 })
    .addHelpText("after", examples)
    .exitOverride((error) => {
      // Help and version end well; what commander refuses is the command line's fault.
      process.exit(error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongInput);
    });
  const add = first !== undefined && Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (add !== undefined) {
    add(program);
    return program;
  }
  if (addToolCommands(program, first)) return program;
  for (const one of Object.values(commands)) one(program);
  return program;
}
