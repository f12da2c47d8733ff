import { describe, expect, test } from "@jest/globals";
import { RemoteError } from "@sonde/protocol";
import { TargetError } from "../../src/session/errors.js";
import { UserFiles } from "../../src/session/user-files.js";

/** A target with these ELF files; what else there is may not be read. */
function filesOf(
  paths: readonly string[],
  texts: Readonly<Record<string, string>> = {},
): UserFiles {
  const list = (folder: string): Promise<readonly string[]> => {
    if (folder === "/secret") {
      return Promise.reject(new RemoteError({ code: "forbidden", message: "list /secret" }));
    }
    const start = folder === "/" ? "/" : `${folder}/`;
    const below = paths.filter((path) => path.startsWith(start));
    const names = below.map((path) => path.slice(start.length).split("/")[0] ?? "");
    return Promise.resolve([...new Set(names)]);
  };
  const files = {
    list,
    resolve: (path: string): Promise<string | undefined> => {
      if (path.endsWith(".sh")) {
        return Promise.reject(new RemoteError({ code: "forbidden", message: "stat" }));
      }
      const isThere = paths.some((one) => one === path || one.startsWith(`${path}/`));
      return Promise.resolve(isThere ? path : undefined);
    },
    readKept: () => Promise.reject(new RemoteError({ code: "missing", message: "no cache" })),
    textNow: (path: string) => Promise.resolve(texts[path]),
  };
  return new UserFiles(files, undefined);
}

const usual = [
  "/usr/lib/libc.so.6",
  "/usr/lib/libm.so.6",
  "/usr/lib/readme.sh",
  "/usr/bin/bash",
  "/usr/sbin/agetty",
];

describe("programs and libraries", () => {
  test("are found by path, by a library's name and by a program's", async () => {
    const files = filesOf(usual);
    expect(await files.resolve("/usr/bin/bash")).toBe("/usr/bin/bash");
    expect(await files.resolve("libc")).toBe("/usr/lib/libc.so.6");
    expect(await files.resolve("bash")).toBe("/usr/bin/bash");
    expect(await files.resolve("agetty")).toBe("/usr/sbin/agetty");
    expect(await files.resolve("nothing")).toBeUndefined();
  });

  test("have no relative paths on another machine", async () => {
    expect(await filesOf(usual).resolve("./bash")).toBeUndefined();
  });

  test("match wildcards in any part of their paths; what is no ELF file does not", async () => {
    const files = filesOf(usual);
    expect(await files.match("/usr/lib/*")).toEqual(["/usr/lib/libc.so.6", "/usr/lib/libm.so.6"]);
    expect(await files.match("/usr/*bin/?a*")).toEqual(["/usr/bin/bash"]);
    expect(await files.match("/opt/*")).toEqual([]);
  });

  test("match wildcards in the names of libraries", async () => {
    expect(await filesOf(usual).match("lib?.so*")).toEqual([
      "/usr/lib/libc.so.6",
      "/usr/lib/libm.so.6",
    ]);
  });

  test("of a process are those that it runs code of", async () => {
    const maps = `00400000-00401000 r-xp 00000000 fe:00 1    /usr/bin/bash
00401000-00402000 r--p 00001000 fe:00 1    /usr/bin/bash
7f0000000000-7f0000001000 r-xp 00000000 fe:00 2    /usr/lib/libc.so.6
7f0000001000-7f0000002000 rw-p 00000000 00:00 0
7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0    [vdso]
`;
    const files = filesOf(usual, { "/proc/77/maps": maps });
    expect(await files.match("*", 77)).toEqual(["/usr/bin/bash", "/usr/lib/libc.so.6"]);
    expect(await files.match("lib*", 77)).toEqual(["/usr/lib/libc.so.6"]);
    await expect(files.match("*", 78)).rejects.toThrow(TargetError);
  });

  test("in folders that the agent does not list are said to be", async () => {
    await expect(filesOf(usual).match("/secret/*")).rejects.toThrow(
      "does not let /secret be listed",
    );
  });
});
