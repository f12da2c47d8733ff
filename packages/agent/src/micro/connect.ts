import { SyscallError } from "../kernel/errors.js";
import { tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { folderOf, removeFile, statOpen } from "../kernel/paths.js";
import { AF_UNIX, encodeUnixAddress } from "../kernel/socket-address.js";
import { openStreamSocket } from "../kernel/sockets.js";
import { DescriptorStream } from "../listeners/micro/descriptor-stream.js";
import { openStdioStream } from "../listeners/micro/stdio-stream.js";
import { WriteReadiness } from "../listeners/micro/write-readiness.js";
import { type ConnectCommand } from "../program/command-line.js";
import { exitCodes } from "../program/exit-codes.js";
import { RelayError } from "../program/relay-error.js";
import { type MicroSystem } from "../system/micro/micro-system.js";
import { ByteRelay } from "./byte-relay.js";
import { makePrivateFolder, meetingFolder, requirePrivateFolder } from "./meeting-folder.js";
import { openToAppend, relayLog } from "./relay-listener.js";

const startMilliseconds = 30_000;
const pollMilliseconds = 20;
/** An agent may be about to end just when it is reached. */
const attemptLimit = 3;

/**
 * Speaks over standard input and output, byte for byte, with the agent on a Unix socket, which it starts when none is there
 * and which outlives it. Returns when either side is gone. Throws RelayError.
 */
export async function connectToAgent(
  system: MicroSystem,
  kernel: Kernel,
  command: ConnectCommand,
): Promise<void> {
  const path = command.socket ?? `${meetingFolder(kernel)}/agent.sock`;
  const relay = new ByteRelay(openStdioStream(kernel));
  const writeReadiness = new WriteReadiness(kernel);
  for (let attempt = 1; attempt <= attemptLimit && !relay.isHostGone; attempt++) {
    const fd = await reachAgent(system, kernel, path, command);
    const agent = new DescriptorStream({ kernel, writeReadiness, input: fd, output: fd });
    if (await relay.carry(agent)) return;
  }
}

/** Gives a socket to the agent, which is started when none answers there. Throws RelayError. */
async function reachAgent(
  system: MicroSystem,
  kernel: Kernel,
  path: string,
  command: ConnectCommand,
): Promise<number> {
  const deadline = system.now() + startMilliseconds;
  let starting: StartingAgent | undefined;
  for (;;) {
    if (command.socket === undefined) requirePrivateFolder(kernel, folderOf(path));
    const socket = tryConnect(kernel, path);
    if (socket !== undefined) return socket;
    if (!command.startsAgent) {
      throw new RelayError(`no agent is running: nobody listens on ${path}`);
    }
    if (command.socket === undefined) makePrivateFolder(kernel, folderOf(path));
    if (starting?.exitCode() === exitCodes.held) starting = undefined;
    starting ??= startAgent(system, kernel, path, command);
    const exitCode = starting.exitCode();
    if (exitCode !== undefined && exitCode !== exitCodes.held) {
      const said = starting.said();
      removeFile(kernel, relayLog(path));
      throw new RelayError(`start an agent: ${said} (exit code ${exitCode})`);
    }
    if (system.now() > deadline) {
      throw new RelayError(`the agent that was started does not answer on ${path}`, {
        hint: `its log is ${relayLog(path)}`,
      });
    }
    await new Promise<void>((resolve) => {
      system.after(pollMilliseconds, resolve);
    });
  }
}

function tryConnect(kernel: Kernel, path: string): number | undefined {
  const action = `connect to ${path}`;
  const address = encodeUnixAddress(kernel.machine, path);
  if (address === undefined) throw new RelayError(`${action}: the path is too long for a socket`);
  using socket = openStreamSocket(kernel, action, AF_UNIX);
  const result = kernel.call("connect", socket.fd, address, address.length);
  if (result >= 0) return socket.release();
  // ECONNREFUSED: a socket that a killed agent left behind. EAGAIN: more are waiting than it has room for.
  if (kernel.isErrno(result, "ENOENT", "ECONNREFUSED", "EAGAIN")) return undefined;
  const cause = kernel.failure(action, "connect", -result);
  throw new RelayError(`${action}: ${cause.errnoName}`, { cause });
}

interface StartingAgent {
  /** Undefined while it runs. */
  exitCode(): number | undefined;
  /** What it has written to its log since it was started. */
  said(): string;
}

/** Starts an agent in a session of its own, without our terminal and our streams: it outlives us. Throws RelayError. */
function startAgent(
  system: MicroSystem,
  kernel: Kernel,
  path: string,
  command: ConnectCommand,
): StartingAgent {
  const log = relayLog(path);
  const args = ["--relay", path, "--lease", command.leaseSeconds, "--idle", command.idleSeconds];
  try {
    using file = openToAppend(kernel, log);
    const before = Number(statOpen(kernel, log, file.fd)?.sizeBytes ?? 0n);
    let exitCode: number | undefined;
    const result = system.startAgain(args.map(String), file.fd, (code) => {
      exitCode = code;
    });
    kernel.check("start an agent", "clone", result);
    return {
      exitCode: () => exitCode,
      said: () => (tryReadTextFile(kernel, log) ?? "").slice(before).trim(),
    };
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new RelayError(`open the log of the agent: ${log}: ${cause.errnoName}`, { cause });
  }
}
