import { RemoteError } from "@sonde/protocol";
import { expect, test } from "@jest/globals";
import { ControlGroups } from "../../src/trace/control-groups.js";

const mounts = `24 1 0:22 / /proc rw - proc proc rw
30 24 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu
31 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

/** Folders and what is in them; a folder's number is its place in the list, counted from 1. */
function createFiles(folders: Record<string, readonly string[]>): {
  textNow: () => Promise<string>;
  inode: (path: string) => Promise<bigint | undefined>;
  list: (path: string) => Promise<readonly string[]>;
  asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    textNow: () => Promise.resolve(mounts),
    inode: (path) => {
      const place = Object.keys(folders).indexOf(path);
      return Promise.resolve(place < 0 ? undefined : BigInt(place + 1));
    },
    list: (path) => {
      asked.push(path);
      const names = folders[path];
      if (names !== undefined) return Promise.resolve(names);
      return Promise.reject(new RemoteError({ code: "missing", message: "no directory" }));
    },
  };
}

test("are found by their numbers in all hierarchies, that of version 2 first", async () => {
  const files = createFiles({
    "/sys/fs/cgroup/cpu": ["cgroup.procs", "cpu.shares", "jobs", "tasks"],
    "/sys/fs/cgroup/cpu/jobs": ["tasks"],
    "/sys/fs/cgroup/unified": ["cgroup.procs", "system.slice"],
    "/sys/fs/cgroup/unified/system.slice": ["memory.max"],
  });
  const groups = new ControlGroups(files);
  await groups.prepare([4n]);
  expect(groups.resolve(1n)).toEqual([{ hierarchy: "cpu", path: "/" }]);
  expect(groups.resolve(2n)).toEqual([{ hierarchy: "cpu", path: "/jobs" }]);
  expect(groups.resolve(4n)).toEqual([{ hierarchy: "unified", path: "/system.slice" }]);
  expect(groups.resolve(5n)).toEqual([]);
  expect(files.asked).not.toContain("/sys/fs/cgroup/cpu/tasks");
  expect(files.asked[0]).toBe("/sys/fs/cgroup/unified");
});

test("are not looked for again when all that is asked is known, nor at once when it is not", async () => {
  const groups = new ControlGroups(createFiles({ "/sys/fs/cgroup/cpu": [] }));
  await groups.prepare([1n]);
  expect(groups.prepare([1n])).toBeUndefined();
  expect(groups.prepare([99n])).toBeUndefined();
});
