import { type Command } from "commander";
import { type Target } from "../trace/target.js";
import { type Trace } from "../trace/trace.js";
import { RateMeter, type RateReading } from "./rate-meter.js";
import { statusLine } from "./status-line.js";

const intervalMilliseconds = 1000;

/** Options of commands that can tell how fast events come. */
export interface RateOptions {
  /** Undefined: where it disturbs nothing. */
  readonly rate?: boolean;
}

/** Adds --rate to a command. */
export function addRateOptions(command: Command): Command {
  return command
    .option(
      "--rate",
      "tell each second how fast events come, and what is lost and why, on standard error (default: over a link, where that is a terminal and the output goes elsewhere)",
    )
    .option("--no-rate", "never do so");
}

/** Where things go, as far as it decides how a rate is told. */
export interface RateSetting {
  readonly wanted: boolean | undefined;
  readonly isThisMachine: boolean;
  readonly isQuiet: boolean;
  /** Whether standard error is a terminal that nothing else is written to. */
  readonly hasTerminal: boolean;
}

/** As a line that is written anew, as one line after the other, or not at all. */
export function rateForm(setting: RateSetting): "live" | "lines" | "none" {
  const { wanted, isThisMachine, isQuiet, hasTerminal } = setting;
  if (wanted === false) return "none";
  if (wanted === true) return hasTerminal ? "live" : "lines";
  return hasTerminal && !isThisMachine && !isQuiet ? "live" : "none";
}

export interface RateContext extends RateOptions {
  readonly isQuiet: boolean;
  /** The agent's log goes to standard error, too. */
  readonly isVerbose: boolean;
  readonly writesToFile: boolean;
}

/** Runs a trace, and tells each second how fast its events come, where that is wanted. */
export async function whileTellingRate<T>(
  target: Target,
  trace: Trace,
  context: RateContext,
  run: () => Promise<T>,
): Promise<T> {
  const stop = startTelling(target, trace, context);
  try {
    return await run();
  } finally {
    stop();
  }
}

function startTelling({ session }: Target, trace: Trace, context: RateContext): () => void {
  const { rate: wanted, isQuiet, isVerbose, writesToFile } = context;
  const isFree = !isVerbose && (writesToFile || !process.stdout.isTTY);
  const form = rateForm({
    wanted,
    isThisMachine: session.isThisMachine,
    isQuiet,
    hasTerminal: statusLine.isLive && isFree,
  });
  if (form === "none") return () => undefined;
  const read = (): RateReading => ({
    milliseconds: performance.now(),
    bytes: session.peer.receivedBytes,
    ...trace.progress,
  });
  const meter = new RateMeter(read());
  const timer = setInterval(() => {
    const text = meter.read(read(), session.linkBytesPerSecond);
    if (form === "live") statusLine.show("rate", text);
    else statusLine.print(`${text}\n`);
  }, intervalMilliseconds);
  return () => {
    clearInterval(timer);
    statusLine.clear("rate");
  };
}
