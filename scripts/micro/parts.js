// The micro agent's program in parts: what is not needed to wait for hosts, and to greet them, is read when it is first
// called. An engine's functions take four times the memory of their bytecode, and most agents wait most of the time.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

/**
 * By part, and by source file: what the rest of the program may use of it, by calls and by `new` alone.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>}
 */
const lateFiles = {
  tracing: {
    "packages/agent/src/server/plan-runner.ts": ["runPlan"],
    "packages/agent/src/resources/map-dump.ts": ["dumpAndClearMap", "dumpMap"],
    "packages/agent/src/resources/read-iterator.ts": ["readIterator"],
  },
  kernel: { "packages/agent/src/kernel/bpf.ts": ["Bpf"] },
  files: { "packages/agent/src/server/file-access.ts": ["FileAccess"] },
  features: { "packages/agent/src/features/features.ts": ["Features"] },
  questions: {
    "packages/agent/src/questions/kernel-symbols.ts": ["answerKernelSymbols"],
    "packages/agent/src/questions/kernel-types.ts": ["KernelTypes"],
    "packages/agent/src/questions/vdso.ts": ["readVdso"],
  },
  programs: { "packages/agent/src/system/micro/program-starter.ts": ["ProgramStarter"] },
  relay: {
    "packages/agent/src/micro/connect.ts": ["connectToAgent"],
    "packages/agent/src/micro/relay-listener.ts": ["listenOnRelay"],
  },
  serial: { "packages/agent/src/server/serial-listener.ts": ["SerialListener"] },
  compression: {
    "packages/protocol/src/compression/deflater.ts": ["Deflater"],
    "packages/protocol/src/compression/inflater.ts": ["Inflater"],
  },
};

export const partNames = Object.keys(lateFiles);

export function isLate(/** @type {string} */ file) {
  return Object.values(lateFiles).some((files) => Object.hasOwn(files, file));
}

/** The source of a part: all that it gives. */
export function partSource(/** @type {string} */ part) {
  return Object.entries(lateFiles[part] ?? {})
    .map(([file, names]) => `export { ${names.join(", ")} } from "./${file}";`)
    .join("\n");
}

/**
 * An esbuild plugin for the part that is there from the start: in place of the late files it has functions that read the part
 * when they are first called.
 *
 * @param {string} root  the checkout
 * @returns {import("esbuild").Plugin}
 */
export function lateParts(root) {
  const partOf = new Map(
    Object.entries(lateFiles).flatMap(([part, files]) =>
      Object.entries(files).map(([file, names]) => /** @type {const} */ ([file, { part, names }])),
    ),
  );
  return {
    name: "late-parts",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^late-parts$/ }, () => ({ path: "late-parts", namespace: "late" }));
      onLoad({ filter: /.*/, namespace: "late" }, () => ({ contents: loaderSource }));
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(root, path);
        const late = partOf.get(file);
        if (late !== undefined) return { contents: standIn(late.part, late.names) };
        expectCallsOnly(file, readFileSync(path, "utf8"), partOf);
        return undefined;
      });
    },
  };
}

/** Each part once, whichever of its files is asked for. */
const loaderSource = `
const parts = new Map();
export function part(name) {
  const known = parts.get(name);
  if (known !== undefined) return known;
  const read = native.load(name);
  parts.set(name, read);
  return read;
}`;

/**
 * @param {string} part
 * @param {readonly string[]} names
 */
function standIn(part, names) {
  const index = partNames.indexOf(part) + 1;
  const lines = names.map(
    (name) => `export function ${name}(...values) {
  const { ${name}: real } = part("${index}");
  return new.target === undefined ? real(...values) : new real(...values);
}`,
  );
  return `import { part } from "late-parts";\n${lines.join("\n")}`;
}

/**
 * A class's stand-in can be called with \`new\` and makes the real thing, but it is not the class.
 *
 * @param {string} file
 * @param {string} text
 * @param {ReadonlyMap<string, { readonly names: readonly string[] }>} partOf
 */
function expectCallsOnly(file, text, partOf) {
  for (const [late, { names }] of partOf) {
    const base = late.slice(late.lastIndexOf("/") + 1, -".ts".length);
    if (!text.includes(`/${base}.js"`)) continue;
    for (const name of names) {
      if (new RegExp(`(instanceof|extends) ${name}\\b|\\b${name}\\.\\w`).test(text)) {
        throw new Error(`${file}: ${name} is in a part that is read late (scripts/micro/parts.js)`);
      }
    }
  }
}
