import { isConsole, startOnConsole } from "../board/console-agent.js";
import { openShell } from "../board/open-shell.js";
import { pushAgent, type PushedAgent, removeAgent } from "../board/push.js";
import { stopRunning } from "../board/running-agent.js";
import { type SessionOptions } from "../session/session.js";
import { withProgram } from "../session/shell-address.js";
import { Target } from "../trace/target.js";
import { showProgress } from "./progress-bar.js";

/** An agent on a console that nobody uses for so long gives it back: the laptop has gone. */
const consoleIdleSeconds = 120;

/** Puts an agent on the board of a target, with a bar of what has gone. Throws TargetError and ConnectError. */
export async function pushTo(target: string, folder?: string): Promise<PushedAgent> {
  await using shell = await openShell(target);
  const progress = showProgress("agent");
  try {
    return await pushAgent(shell, { folder, onProgress: progress.update });
  } finally {
    progress.stop();
  }
}

/**
 * Connects to an agent that is put on the board first. What was not there before is removed when the target is closed, unless
 * it shall be kept. Throws what pushing and connecting throw.
 */
export async function connectByPush(
  target: string,
  options: SessionOptions,
  { keep = false }: { readonly keep?: boolean },
): Promise<Target> {
  const pushed = await pushTo(target);
  const { program } = pushed;
  const url = isConsole(target) ? target : withProgram(target, program);
  const onClosed = async (): Promise<void> => {
    if (!keep && (pushed.isNew || isConsole(target))) await cleanUp(target, url, pushed, options);
  };
  try {
    if (isConsole(target)) {
      await startOnConsole(target, options, { program, idleSeconds: consoleIdleSeconds });
    }
    return await Target.connect(url, options, onClosed);
  } catch (error) {
    await onClosed();
    throw error;
  }
}

/** What cannot be done is told on standard error: the trace itself is over. */
async function cleanUp(
  target: string,
  url: string,
  { folder, isNew }: PushedAgent,
  options: SessionOptions,
): Promise<void> {
  try {
    await stopRunning(url, options, { force: false });
    if (!isNew) return;
    await using shell = await openShell(target);
    await removeAgent(shell, folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sonde: the agent stays in ${folder}: ${why}\n`);
    process.stderr.write(`HINT: sonde agent remove -t ${target} --dir ${folder} removes it\n`);
  }
}
