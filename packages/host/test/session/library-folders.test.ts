import { describe, expect, test } from "@jest/globals";
import { RemoteError } from "@sonde/protocol";
import { resolveLibrary } from "../../src/elf/ld-so-cache.js";
import { librariesInFolders } from "../../src/session/library-folders.js";

/** A target's folders, and symbolic links to them. */
function target(
  folders: Readonly<Record<string, readonly string[]>>,
  links: Readonly<Record<string, string>> = {},
): Parameters<typeof librariesInFolders>[0] {
  return {
    resolve: (path) => {
      const resolved = links[path] ?? path;
      return Promise.resolve(resolved in folders ? resolved : undefined);
    },
    list: (path) => Promise.resolve(folders[path] ?? []),
  };
}

async function findLibc(files: Parameters<typeof librariesInFolders>[0]): Promise<unknown> {
  return resolveLibrary(await librariesInFolders(files), "libc");
}

describe("without ld.so.cache, libc is found", () => {
  test("in the folder of an architecture, where /lib is a link to /usr/lib", async () => {
    const folders = {
      "/usr/lib": ["aarch64-linux-gnu", "sonde"],
      "/usr/lib/aarch64-linux-gnu": ["ld-linux-aarch64.so.1", "libc.so.6"],
    };
    expect(await findLibc(target(folders, { "/lib": "/usr/lib" }))).toBe(
      "/usr/lib/aarch64-linux-gnu/libc.so.6",
    );
  });

  test("as 64-bit library where there are both", async () => {
    const folders = { "/lib": ["libc.so.6"], "/lib64": ["libc.so.6"] };
    expect(await findLibc(target(folders))).toBe("/lib64/libc.so.6");
  });

  test("as musl's linker", async () => {
    const folders = { "/lib": ["ld-musl-armhf.so.1", "modules"] };
    expect(await findLibc(target(folders))).toBe("/lib/ld-musl-armhf.so.1");
  });

  test("nowhere, when an agent lets no folder be seen", async () => {
    const files = {
      resolve: () => Promise.reject(new RemoteError({ code: "forbidden", message: "no" })),
      list: () => Promise.resolve([]),
    };
    expect(await findLibc(files)).toBeUndefined();
  });
});
