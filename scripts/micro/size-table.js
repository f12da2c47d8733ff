// Where the bytes of a micro agent go, and how many there may be.

/** Of the stripped program, in bytes; by Node's names of the processors. */
const budgets = { x64: 600_000, arm64: 660_000, arm: 480_000 };

/** Parts of a linker's map that are in the file. */
const line =
  /^ (\.(?:text|rodata|data|init|fini|eh_frame|ARM)\S*)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\/\S+|[\w.-]+)$/;

/**
 * Bytes by part: "engine", "C library", "compiler", "native layer" (with the packed bytecode in it).
 *
 * @param {string} map  what the linker says of the program
 */
export function sizesByPart(map) {
  const start = map.indexOf("Linker script and memory map");
  // A name that is too long for its column stands on a line of its own.
  const lines = map
    .slice(start)
    .replace(/^( \.\S+)\n +/gm, "$1 ")
    .split("\n");
  /** @type {Record<string, number>} */
  const sizes = { engine: 0, "C library": 0, compiler: 0, "native layer": 0 };
  for (const text of lines) {
    const [, , size = "0", file = ""] = line.exec(text) ?? [];
    sizes[partOf(file)] = (sizes[partOf(file)] ?? 0) + Number.parseInt(size, 16);
  }
  return sizes;
}

/** @param {string} file */
function partOf(file) {
  if (/\/micro\/engine-/.test(file)) return "engine";
  if (/\/libc\.a|\/crt[1in]\.o/.test(file)) return "C library";
  if (/\/gcc/.test(file)) return "compiler";
  return "native layer";
}

/**
 * The table for people, a line for each part, and what is said when the program is larger than it may be.
 *
 * @param {{ architecture: string, sizeBytes: number, map: string, packedSizeBytes: number }} program
 * @param {Readonly<Record<string, { bytesInOutput: number }>>} inputs  of the bundle, by source file
 */
export function sizeTable({ architecture, sizeBytes, map, packedSizeBytes }, inputs) {
  const sizes = sizesByPart(map);
  const native = (sizes["native layer"] ?? 0) - packedSizeBytes;
  const rest = Object.entries({ ...sizes, "native layer": native });
  const known = rest.reduce((sum, [, size]) => sum + size, packedSizeBytes);
  const budget = Object.entries(budgets).find(([name]) => name === architecture)?.[1];
  const rows = [
    ...rest,
    ["bytecode, packed", packedSizeBytes],
    ...shares(inputs, packedSizeBytes).map(([name, size]) => [`  ${name}`, size]),
    ["headers and alignment, less what the linker merges", sizeBytes - known],
    ["together", sizeBytes],
    ...(budget === undefined ? [] : [["may be", budget]]),
  ];
  const lines = rows.map(([name, size]) => `  ${kilobytes(Number(size))} kB  ${name}`);
  return {
    text: [`sonde-agent-${architecture}`, ...lines].join("\n"),
    fault:
      budget !== undefined && sizeBytes > budget
        ? `sonde-agent-${architecture} has ${sizeBytes} bytes, and may have ${budget} (scripts/micro/size-table.js)`
        : undefined,
  };
}

/** @param {number} sizeBytes */
function kilobytes(sizeBytes) {
  return (sizeBytes / 1000).toFixed(1).padStart(6);
}

/**
 * Of the bytecode, by folder of the sources: as their shares of the script are.
 *
 * @param {Readonly<Record<string, { bytesInOutput: number }>>} inputs
 * @param {number} packedSizeBytes
 * @returns {[string, number][]}
 */
function shares(inputs, packedSizeBytes) {
  /** @type {Map<string, number>} */
  const folders = new Map();
  let whole = 0;
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const [, name = "", , folder = ""] = file.split("/");
    const key = name === "protocol" ? "protocol" : `${name} ${folder}`;
    folders.set(key, (folders.get(key) ?? 0) + bytesInOutput);
    whole += bytesInOutput;
  }
  return [...folders]
    .sort(([, first], [, second]) => second - first)
    .map(([name, size]) => [name, (size / whole) * packedSizeBytes]);
}
