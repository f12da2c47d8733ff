import { type Command } from "commander";
import { type Session } from "../../session/session.js";
import { readTracePipe } from "../../session/trace-pipe.js";
import { exitCodes } from "../exit-code.js";
import { onInterrupt } from "../interrupts.js";
import { openOutput, type OutputStream } from "../output-stream.js";
import { statusLine } from "../status-line.js";
import {
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type TargetOptions,
} from "../target-options.js";

const examples = `
Lines that debugf() writes come here, each with its process, CPU and time, until Ctrl-C. Reading takes
them: of two readers each line goes to one, and since kernel 6.6 there can be only one.

What is in the kernel's buffer comes first. All programs on the target share it, and whatever of the
kernel's own tracing is switched on writes there too. To be rid of that:
  begin your lines with a word of yours, and look for it:  sonde trace-pipe | grep 'mine:'
  switch others' events off, on the target:                echo 0 > /sys/kernel/tracing/events/enable
and to begin with an empty buffer, on the target:          echo > /sys/kernel/tracing/trace
Events of sonde trace (printf() and the like) do not come this way.

Examples:
  sonde trace -t board 'kprobe:do_sys_openat2 { debugf("opens %s", str(uptr(arg1))); }' &
  sonde trace-pipe -t board
  sonde trace-pipe -t board -o lines.txt`;

interface TracePipeOptions extends TargetOptions {
  readonly output?: string;
}

/** Adds `sonde trace-pipe`. */
export function addTracePipeCommand(program: Command): void {
  const command = program
    .command("trace-pipe")
    .description("follow the kernel's own trace_pipe, where debugf() and bpf_trace_printk() write")
    .option("-o, --output <file>", "write the lines to a file")
    .addHelpText("after", examples)
    .action(tracePipeCommand);
  addPushOptions(addTargetOptions(command));
}

async function tracePipeCommand(options: TracePipeOptions): Promise<void> {
  await using target = await connectTarget(options);
  const output = await openOutput(options.output);
  const stop = new AbortController();
  const forget = onInterrupt(() => {
    process.exitCode = exitCodes.interrupted;
    stop.abort();
  });
  void output.broken.then(() => {
    stop.abort();
  });
  const lines = new LineWriter(output);
  let isFollowing = false;
  try {
    for await (const bytes of readTracePipe(target.session, stop.signal)) {
      if (!isFollowing) {
        const { tracefs } = target.session.description;
        statusLine.print(`Following ${tracefs}/trace_pipe\n`);
        await warnWhenOff(target.session);
        isFollowing = true;
      }
      lines.write(bytes);
      await output.ready();
    }
  } finally {
    forget();
    await output.end();
  }
}

/** Whoever waits for lines that cannot come is told so. The kernel switches tracing off itself when it has a fault. */
async function warnWhenOff({ description, files }: Session): Promise<void> {
  const path = `${description.tracefs}/tracing_on`;
  if ((await files.textNow(path))?.trim() !== "0") return;
  statusLine.print(
    `sonde: warning: tracing is switched off on the target, and no line comes: echo 1 > ${path} there (the kernel does that itself when it has had a fault: see dmesg)\n`,
  );
}

/** Writes whole lines, less those that are empty: a newline that a program wrote and one that the kernel wrote after it. */
class LineWriter {
  readonly #output: OutputStream;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(output: OutputStream) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    const text = lines.filter((line) => line !== "").map((line) => `${line}\n`);
    if (text.length > 0) this.#output.write(text.join(""));
  }
}
