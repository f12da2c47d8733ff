import { execFileSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { type HostPeer } from "@sonde/protocol";
import { readBuildId } from "../packages/host/src/elf/build-id.js";
import { DebugFiles, type DebugSources } from "../packages/host/src/session/debug-files.js";
import { type DebuginfodOptions } from "../packages/host/src/session/debuginfod.js";
import { readElfFile } from "../packages/host/src/session/elf-file.js";
import { readImage } from "../packages/host/src/session/kept-images.js";
import { RemoteFiles } from "../packages/host/src/session/remote-files.js";
import { requiresCommand } from "./support/requires.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-images-"));
  process.env["SONDE_CACHE"] = join(folder, "cache");
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

/** This machine's files, and how many of their bytes were read. */
class CountedFiles {
  readBytes = 0;

  remote(bootId: string): RemoteFiles {
    const call = (
      method: string,
      params: { path: string; offset: bigint; limitBytes: number },
    ): Promise<unknown> => Promise.resolve(this.#answer(method, params));
    // Nothing else of a peer is used.
    return new RemoteFiles({ call } as unknown as HostPeer, bootId);
  }

  #answer(
    method: string,
    { path, offset, limitBytes }: { path: string; offset: bigint; limitBytes: number },
  ): unknown {
    if (method === "file.stat") {
      const status = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (status === undefined) return { file: null };
      const { size: sizeBytes, mtimeNs: modified, dev: device, ino: inode } = status;
      return { file: { path, sizeBytes, modified, device, inode } };
    }
    const data = new Uint8Array(limitBytes);
    const file = openSync(path, "r");
    const length = readSync(file, data, 0, limitBytes, Number(offset));
    closeSync(file);
    this.readBytes += length;
    return { data: data.subarray(0, length), isEnd: length < limitBytes };
  }
}

/** A program with a hundred functions and a megabyte of data. */
function link(name: string, ...options: readonly string[]): string {
  const source = join(folder, "program.c");
  const functions = Array.from(
    { length: 100 },
    (_, at) => `int function_${at}(void) { return ${at}; }`,
  );
  writeFileSync(
    source,
    `${functions.join("\n")}\nchar data[1 << 20] = {1};\nint main(void) { return 0; }`,
  );
  const path = join(folder, name);
  execFileSync("gcc", [source, "-o", path, "-Wl,--build-id=sha1", ...options]);
  return path;
}

const warnings: string[] = [];

function withServers(urls: readonly string[]): DebuginfodOptions {
  return { urls, onWarning: (text) => warnings.push(text), onProgress: () => undefined };
}

/** A program without symbols, and the file that has them. */
function linkStripped(...options: readonly string[]): {
  readonly stripped: string;
  readonly debug: string;
} {
  const path = link("program", ...options);
  const [stripped, debug] = [join(folder, "stripped"), join(folder, "apart")];
  execFileSync("objcopy", ["--only-keep-debug", path, debug]);
  execFileSync("objcopy", ["--strip-all", `--add-gnu-debuglink=${debug}`, path, stripped]);
  return { stripped, debug };
}

/** Puts a file where it is looked for. */
function place(file: string, ...parts: readonly string[]): void {
  const path = join(...parts);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(file, path);
}

async function buildIdOf(path: string): Promise<string> {
  return await readElfFile(path, readBuildId);
}

/** The name of the function that lies at a symbol of nm's list, as the image has it, and what was read for that. */
async function nameOf(
  path: string,
  bootId = "boot",
  sources: Partial<DebugSources> = {},
): Promise<{ readonly name: string | undefined; readonly readBytes: number }> {
  const files = new CountedFiles();
  const remote = files.remote(bootId);
  const status = await remote.status(path);
  if (status === undefined) throw new Error(`${path} is not there`);
  const debugFiles = new DebugFiles({
    folders: [],
    sysroot: undefined,
    debuginfod: withServers([]),
    ...sources,
  });
  const file = { path, status, root: "", mappedPath: path };
  const image = await readImage(remote, file, debugFiles);
  const listed = execFileSync("nm", [join(folder, "program")], { encoding: "utf8" });
  const [, address = "0"] = /^([0-9a-f]+) T function_42$/m.exec(listed) ?? [];
  // Code is at its address in the file, too (ld puts .text there where data do not come first).
  return { name: image?.resolve(BigInt(`0x${address}`))?.name, readBytes: files.readBytes };
}

const withLinker = requiresCommand("gcc", "gcc");
const withPacker = requiresCommand("xz", "xz-utils");

describe("the symbols of a program", () => {
  withLinker(
    "are read without the rest of it, and not again while it is the same file",
    async () => {
      const path = link("program");
      const first = await nameOf(path);
      expect(first.name).toBe("function_42");
      expect(first.readBytes).toBeGreaterThan(2400);
      expect(first.readBytes).toBeLessThan(30_000);
      expect(await nameOf(path)).toEqual({ name: "function_42", readBytes: 0 });
    },
  );

  withLinker(
    "are known by its build id on other machines, where only its headers are read",
    async () => {
      const path = link("program");
      const first = await nameOf(path);
      const elsewhere = await nameOf(path, "another boot");
      expect(elsewhere.name).toBe("function_42");
      expect(elsewhere.readBytes).toBeLessThan(first.readBytes / 2);
    },
  );

  withLinker("that was stripped are not those of the same build that was not", async () => {
    const path = link("program");
    const stripped = join(folder, "stripped");
    execFileSync("strip", [path, "-o", stripped]);
    expect((await nameOf(stripped)).name).toBeUndefined();
    expect((await nameOf(path)).name).toBe("function_42");
  });

  withLinker("that was stripped are found in a folder, by build id", async () => {
    const { stripped, debug } = linkStripped();
    expect((await nameOf(stripped)).name).toBeUndefined();
    const id = await buildIdOf(stripped);
    place(debug, folder, "debug/.build-id", id.slice(0, 2), `${id.slice(2)}.debug`);
    const folders = [join(folder, "debug")];
    expect((await nameOf(stripped, "boot", { folders })).name).toBe("function_42");
    // From then on they are kept.
    rmSync(join(folder, "debug"), { recursive: true });
    expect((await nameOf(stripped)).name).toBe("function_42");
  });

  withLinker("that was stripped are found by the name and checksum that the file has", async () => {
    const { stripped, debug } = linkStripped("-Wl,--build-id=none");
    const folders = [join(folder, "debug")];
    place(link("other", "-DOTHER", "-Wl,--build-id=none", "-O2"), folder, "debug/apart");
    expect((await nameOf(stripped, "boot", { folders })).name).toBeUndefined();
    place(debug, folder, "debug/apart");
    expect((await nameOf(stripped, "boot", { folders })).name).toBe("function_42");
  });

  withLinker(
    "that was stripped are found in a sysroot, unless another build is there",
    async () => {
      const { stripped } = linkStripped();
      const sysroot = join(folder, "sysroot");
      place(link("other", "-O2"), sysroot, stripped);
      expect((await nameOf(stripped, "boot", { sysroot })).name).toBeUndefined();
      place(join(folder, "program"), sysroot, stripped);
      expect((await nameOf(stripped, "boot", { sysroot })).name).toBe("function_42");
    },
  );

  withPacker("that was stripped are found within it, compressed", async () => {
    const { stripped } = linkStripped();
    const mini = join(folder, "mini");
    // As Fedora's packages are made: functions alone, without code.
    execFileSync("objcopy", ["-S", "--keep-symbol=function_42", join(folder, "program"), mini]);
    execFileSync("objcopy", ["--only-keep-debug", mini]);
    execFileSync("xz", [mini]);
    execFileSync("objcopy", ["--add-section", `.gnu_debugdata=${mini}.xz`, stripped]);
    expect((await nameOf(stripped)).name).toBe("function_42");
    // They are kept, and what is within is not read again.
    expect(await nameOf(stripped)).toEqual({ name: "function_42", readBytes: 0 });
  });

  withLinker("that was stripped come from a debuginfod server", async () => {
    const { stripped, debug } = linkStripped();
    const asked: string[] = [];
    const wanted = `/buildid/${await buildIdOf(stripped)}/debuginfo`;
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      if (request.url === `/has${wanted}`) response.end(readFileSync(debug));
      else response.writeHead(request.url === `/broken${wanted}` ? 500 : 404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}`;
    const lacking = { debuginfod: withServers([`${url}/lacks`]) };
    expect((await nameOf(stripped, "boot", lacking)).name).toBeUndefined();
    expect((await nameOf(stripped, "boot", lacking)).name).toBeUndefined();
    // It is not asked again so soon.
    expect(asked).toEqual([`/lacks${wanted}`]);
    rmSync(join(folder, "cache"), { recursive: true });
    const having = { debuginfod: withServers([`${url}/lacks`, `${url}/broken`, `${url}/has/`]) };
    expect((await nameOf(stripped, "boot", having)).name).toBe("function_42");
    expect(asked.slice(1)).toEqual([`/lacks${wanted}`, `/broken${wanted}`, `/has${wanted}`]);
    expect(warnings).toEqual([`debuginfod: ${url}/broken${wanted}: the server answered 500`]);
    await new Promise((resolve) => server.close(resolve));
    expect((await nameOf(stripped, "boot", having)).name).toBe("function_42");
  });
});
