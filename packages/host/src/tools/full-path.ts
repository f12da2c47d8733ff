import { RemoteError } from "@sonde/protocol";
import { type Session } from "../session/session.js";

/** AT_FDCWD (include/uapi/linux/fcntl.h): relative to the working directory. */
const workingDirectory = -100;

/**
 * A relative path with its directory before it, as /proc of the target has it now: when the process has ended meanwhile
 * the path stays as it is.
 */
export async function fullPath(
  session: Session,
  open: { readonly path: string; readonly pid: number; readonly directoryFd: number },
): Promise<string> {
  if (open.path.startsWith("/")) return open.path;
  const link = open.directoryFd === workingDirectory ? "cwd" : `fd/${open.directoryFd}`;
  try {
    const directory = await session.files.resolve(`/proc/${open.pid}/${link}`);
    return directory === undefined
      ? open.path
      : `${directory === "/" ? "" : directory}/${open.path}`;
  } catch (error) {
    if (error instanceof RemoteError) return open.path;
    throw error;
  }
}
