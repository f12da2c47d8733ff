import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./processes.js";

const kinds = ["prog", "map", "link"] as const;

/** Programs, maps and links by the ids that the kernel gave them: "prog 12". */
export type KernelObjects = ReadonlySet<string>;

/** What a process holds: the tests run side by side, so that not everything in the kernel is the test's own. */
export function heldBy(pid: number): KernelObjects {
  const held = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readDescriptor(`/proc/${pid}/fdinfo/${fd}`);
    for (const kind of kinds) {
      // A link's descriptor names its program too.
      const id = new RegExp(`^${kind}_id:\\s*(\\d+)$`, "m").exec(info)?.[1];
      if (id !== undefined) held.add(`${kind} ${id}`);
    }
  }
  return held;
}

function readDescriptor(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Closed since the folder was read.
    return "";
  }
}

/** Those that are still in the kernel. */
export function stillInKernel(objects: KernelObjects): string[] {
  const present = new Set(
    kinds.flatMap((kind) => {
      return listed(kind).map(({ id }) => `${kind} ${id}`);
    }),
  );
  return [...objects].filter((object) => present.has(object));
}

/** Those that are still there two seconds later: the kernel frees a map some time after its last user has closed it. */
export async function leftInKernel(objects: KernelObjects): Promise<string[]> {
  await until(() => stillInKernel(objects).length === 0, 2000);
  return stillInKernel(objects);
}

const mostAttempts = 10;

/** bpftool may give up when one vanishes while it lists: then it is asked again. */
function listed(kind: (typeof kinds)[number]): readonly { readonly id: number }[] {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  for (let attempt = 1; ; attempt++) {
    try {
      const text = execFileSync("bpftool", ["-j", kind, "show"], {
        encoding: "utf8",
        env: { ...process.env, PATH: path },
        stdio: ["ignore", "pipe", "ignore"],
      });
      return JSON.parse(text) as readonly { readonly id: number }[]; // bpftool-prog(8), -map(8), -link(8)
    } catch (error) {
      if (attempt === mostAttempts) throw error;
    }
  }
}
