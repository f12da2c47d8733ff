import { RemoteError } from "@sonde/protocol";
import { type ControlGroupPath } from "../output/decode-context.js";
import { type RemoteFiles } from "../session/remote-files.js";

/** How often all folders are looked through again for a number that is not known, at most. */
const pauseMilliseconds = 1000;

/** Files of control groups, which are no folders: "cgroup.procs", "memory.max", "tasks". */
const fileNames =
  /^(cgroup|cpu|cpuacct|cpuset|memory|io|blkio|pids|devices|freezer|hugetlb|misc|rdma|dmem|net_cls|net_prio|perf_event)\.|^(tasks|notify_on_release|release_agent)$/;

interface Hierarchy {
  readonly name: string;
  readonly root: string;
}

/** The target's control groups by number: the folders below the mounts, of which each one's inode is its number. */
export class ControlGroups {
  readonly #files: Pick<RemoteFiles, "list" | "inode" | "textNow">;
  #paths = new Map<bigint, ControlGroupPath[]>();
  #lookedAt: number | undefined;

  constructor(files: Pick<RemoteFiles, "list" | "inode" | "textNow">) {
    this.#files = files;
  }

  /** Resolves when what can be known of these is known. */
  prepare(ids: readonly bigint[]): Promise<void> | undefined {
    const isMissing = ids.some((id) => !this.#paths.has(id));
    const isFresh =
      this.#lookedAt !== undefined && performance.now() - this.#lookedAt < pauseMilliseconds;
    return isMissing && !isFresh ? this.#look() : undefined;
  }

  resolve(id: bigint): readonly ControlGroupPath[] {
    return this.#paths.get(id) ?? [];
  }

  async #look(): Promise<void> {
    const found = new Map<bigint, ControlGroupPath[]>();
    const mounts = (await this.#files.textNow("/proc/self/mountinfo")) ?? "";
    for (const hierarchy of parseHierarchies(mounts)) await this.#walk(hierarchy, "/", found);
    // One that is gone by now may still be printed.
    for (const [id, paths] of this.#paths) if (!found.has(id)) found.set(id, paths);
    this.#paths = found;
    this.#lookedAt = performance.now();
  }

  async #walk(
    { name, root }: Hierarchy,
    path: string,
    found: Map<bigint, ControlGroupPath[]>,
  ): Promise<void> {
    const folder = path === "/" ? root : `${root}${path}`;
    const id = await this.#files.inode(folder);
    const names = id === undefined ? undefined : await this.#list(folder);
    if (id === undefined || names === undefined) return;
    found.set(id, [...(found.get(id) ?? []), { hierarchy: name, path }]);
    for (const child of names) {
      if (fileNames.test(child)) continue;
      await this.#walk({ name, root }, path === "/" ? `/${child}` : `${path}/${child}`, found);
    }
  }

  /** Undefined for what is no folder, or gone. */
  async #list(folder: string): Promise<readonly string[] | undefined> {
    try {
      return await this.#files.list(folder);
    } catch (error) {
      if (error instanceof RemoteError && error.code === "missing") return undefined;
      throw error;
    }
  }
}

/** Where control groups are mounted, that of version 2 first, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseHierarchies(mounts: string): readonly Hierarchy[] {
  const hierarchies = mounts.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type] = after.split(" ");
    const root = before.split(" ")[4];
    if (root === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    const name = type === "cgroup2" ? "unified" : root.slice(root.lastIndexOf("/") + 1);
    return [{ name, root }];
  });
  // "" is before all other names.
  const order = ({ name }: Hierarchy): string => (name === "unified" ? "" : name);
  return hierarchies.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
