import { ConnectionClosedError, RemoteError } from "@sonde/protocol";
import { TargetError } from "../session/errors.js";
import { type Session } from "../session/session.js";
import { type TargetProcess } from "../session/target-process.js";
import { type Trace } from "../trace/trace.js";
import { BpftraceUsageError } from "./exit-code.js";

const pollMilliseconds = 250;

/** What ends a trace beside its script and its person: a process that is over. */
export interface TracedProcess {
  readonly pid: number;
  /** Follows the process until it or the trace is over, and ends the trace with it. Never rejects. */
  follow(trace: Trace): Promise<void>;
}

/** A program that is started on the target for the trace (-c): its output is passed on. Throws BpftraceUsageError, RemoteError. */
export async function startTraced(
  session: Session,
  command: readonly string[],
): Promise<TracedProcess> {
  const [name = ""] = command;
  const isMissing = (error: unknown): boolean =>
    error instanceof RemoteError && error.code === "missing";
  const start = async (): Promise<TargetProcess> => {
    try {
      return await session.startProcess(command);
    } catch (error) {
      if (!isMissing(error) || name.includes("/")) throw error;
      // As in bpftrace, one in the working folder needs no "./".
      return await session.startProcess([`./${name}`, ...command.slice(1)]);
    }
  };
  const started = await start().catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    const message = `Failed to fork child: Path '${name}' does not exist or is not executable (No such file or directory)`;
    throw new BpftraceUsageError(message, { cause: error });
  });
  return {
    pid: started.pid,
    follow: async (trace) => {
      await untilClosed(passOn(started));
      await untilClosed(trace.stop());
    },
  };
}

/** A process that runs there already (-p). Throws BpftraceUsageError when there is none. */
export async function findTraced(session: Session, pid: number): Promise<TracedProcess> {
  const isThere = async (): Promise<boolean> =>
    (await session.files.textNow(`/proc/${pid}/comm`)) !== undefined;
  if (!(await isThere())) {
    throw new BpftraceUsageError(
      "Failed to attach to pid: Unable to open pidfd (No such process)",
      { hint: `-p ${pid}: there is no such process on the target` },
    );
  }
  return {
    pid,
    follow: async (trace) => {
      const watch = async (): Promise<void> => {
        while (trace.outcome === "running" && (await isThere())) {
          await new Promise((resolve) => setTimeout(resolve, pollMilliseconds).unref());
        }
        if (trace.outcome === "running") await trace.stop();
      };
      await untilClosed(watch());
    },
  };
}

async function passOn(started: TargetProcess): Promise<void> {
  await started.go();
  for await (const { output, errors } of started.news()) {
    process.stdout.write(output);
    process.stderr.write(errors);
  }
}

/** That the session is over ends the following too; why is said where the trace is run. */
async function untilClosed(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const isGone =
      error instanceof ConnectionClosedError ||
      error instanceof TargetError ||
      // The trace has ended meanwhile, and the process with it.
      (error instanceof RemoteError && error.code === "handle");
    if (!isGone) throw error;
  }
}
