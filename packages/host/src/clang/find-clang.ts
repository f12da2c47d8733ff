import { spawnSync } from "node:child_process";
import { ClangError } from "./clang-error.js";

/** The first that writes relocations by the kernel's types; older ones cannot make a program for another kernel. */
const oldest = 10;
const newest = 30;

/** A compiler of C for BPF on this machine. */
export interface Clang {
  readonly command: string;
  readonly version: string;
}

/** The compiler that $CLANG names, or clang, or clang-19 and the like, the newest first. Throws ClangError. */
export function findClang(environment: NodeJS.ProcessEnv = process.env): Clang {
  const named = environment["CLANG"];
  const commands =
    named === undefined || named === ""
      ? ["clang", ...Array.from({ length: newest - oldest }, (_, at) => `clang-${newest - at}`)]
      : [named];
  let old: Clang | undefined;
  for (const command of commands) {
    const found = ask(command, environment);
    if (found === undefined) continue;
    if (Number(/^\d+/.exec(found.version)?.[0] ?? 0) >= oldest) return found;
    old ??= found;
  }
  const how =
    "install clang 10 or newer (Debian: apt-get install clang libbpf-dev), or name it in $CLANG";
  if (old !== undefined) {
    throw new ClangError(`${old.command} is version ${old.version}, which is too old for BPF`, {
      hint: how,
    });
  }
  throw new ClangError(`C is compiled by clang, and there is no ${commands[0] ?? "clang"} here`, {
    hint: `${how}; objects that are compiled already need none`,
  });
}

function ask(command: string, environment: NodeJS.ProcessEnv): Clang | undefined {
  const { stdout, error } = spawnSync(command, ["--version"], {
    encoding: "utf8",
    env: environment,
  });
  if (error !== undefined) return undefined;
  const version = /clang version (\d[\w.]*)/.exec(stdout)?.[1];
  return version === undefined ? undefined : { command, version };
}
