import { RemoteError } from "@sonde/protocol";
import { type LoadedObject } from "../session/loaded-object.js";
import { type Session } from "../session/session.js";

/** What tracing has cost the target. */
export interface TraceCost {
  /** All programs together; undefined where the kernel does not measure them (before 5.8). */
  readonly runs: { readonly count: bigint; readonly nanoseconds: bigint } | undefined;
  /** The agent's time on processors. */
  readonly agentSeconds: number;
  /** What has passed meanwhile. */
  readonly seconds: number;
}

/** In what unit /proc/PID/stat tells times (USER_HZ, include/asm-generic/param.h). */
const ticksPerSecond = 100;

/** Measures from before a program is loaded. */
export class CostMeter {
  readonly #session: Session;
  readonly #measuresRuns: boolean;
  readonly #begin = performance.now();
  readonly #agentBegin: number;

  private constructor(session: Session, measuresRuns: boolean, agentBegin: number) {
    this.#session = session;
    this.#measuresRuns = measuresRuns;
    this.#agentBegin = agentBegin;
  }

  static async start(session: Session): Promise<CostMeter> {
    const [measuresRuns, agentBegin] = await Promise.all([
      countRunTime(session),
      agentSeconds(session),
    ]);
    return new CostMeter(session, measuresRuns, agentBegin);
  }

  async read(object: LoadedObject): Promise<TraceCost> {
    const [runs, now] = await Promise.all([
      this.#measuresRuns ? object.runTime() : undefined,
      agentSeconds(this.#session),
    ]);
    const seconds = (performance.now() - this.#begin) / 1000;
    return { runs, agentSeconds: now - this.#agentBegin, seconds };
  }
}

/** Whether the kernel measures from now on. */
async function countRunTime({ peer }: Session): Promise<boolean> {
  try {
    await peer.call("session.countRunTime", {});
    return true;
  } catch (error) {
    if (error instanceof RemoteError) return false;
    throw error;
  }
}

/** utime and stime of the agent: the twelfth and thirteenth field after its name in parentheses (proc(5)). */
async function agentSeconds({ files }: Session): Promise<number> {
  const text = (await files.textNow("/proc/self/stat")) ?? "";
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
