/**
 * Who may import whom: for each folder of a package's `src/`, the folders (or files) it may see beside itself. The import checker
 * reads this table and ARCHITECTURE.md prints it (`node scripts/layer-table.js`). A new folder must be added here first.
 */

/** @typedef {Readonly<Record<string, readonly string[]>>} LayerTable */

/** @type {LayerTable} */
export const protocolLayers = {
  compression: ["errors.ts", "lazily.ts"],
  link: ["channel.ts", "lazily.ts", "stream.ts"],
  websocket: ["join-bytes.ts", "utf8.ts"],
};

/** @type {LayerTable} */
export const agentLayers = {
  system: [],
  kernel: ["system"],
  features: ["system", "kernel"],
  resources: ["system", "kernel", "features"],
  questions: ["kernel"],
  server: ["system", "kernel", "features", "resources", "questions"],
  listeners: ["system", "kernel"],
  program: ["system", "kernel", "listeners", "server"],
  cli: ["system", "listeners", "server", "program"],
  micro: ["system", "kernel", "listeners", "server", "program"],
};

/** @type {LayerTable} */
export const hostLayers = {
  asm: [],
  btf: ["asm"],
  spec: ["asm", "btf"],
  text: ["spec"],
  xz: [],
  elf: ["asm", "btf", "spec", "xz"],
  dwarf: ["btf", "spec"],
  "core-relocation": ["asm", "btf", "spec"],
  object: ["asm", "btf", "spec", "elf", "core-relocation"],
  demangle: [],
  language: ["asm", "text", "btf", "spec", "demangle"],
  symbols: ["asm", "elf", "dwarf", "demangle"],
  output: ["asm", "text", "btf", "spec", "symbols"],
  picture: ["text", "output"],
  session: ["asm", "btf", "spec", "elf", "dwarf", "demangle", "language", "symbols"],
  loader: ["asm", "text", "btf", "spec", "core-relocation", "object", "language", "session"],
  clang: ["spec", "session"],
  board: ["session"],
  inspect: ["text", "spec", "elf", "session"],
  trace: [
    "asm",
    "text",
    "btf",
    "spec",
    "symbols",
    "object",
    "language",
    "output",
    "session",
    "loader",
  ],
  tools: ["asm", "btf", "spec", "language", "output", "picture", "session", "trace"],
  cli: [
    "asm",
    "text",
    "btf",
    "spec",
    "object",
    "language",
    "output",
    "picture",
    "session",
    "loader",
    "clang",
    "board",
    "inspect",
    "trace",
    "tools",
  ],
};

export const layers = { protocol: protocolLayers, agent: agentLayers, host: hostLayers };

/** Bytes and text in, values out: no Node modules, no clock, and no knowledge of the wire. */
export const pureHostLayers = [
  "asm",
  "text",
  "btf",
  "spec",
  "xz",
  "elf",
  "dwarf",
  "core-relocation",
  "object",
  "demangle",
  "language",
  "symbols",
  "output",
  "picture",
];

/** The only folders of the agent that may know on which runtime they run. All else is plain ES2022. */
export const agentRuntimeLayers = ["system/node", "listeners/node", "cli"];

/**
 * npm package → where alone it may be imported (a pattern of paths).
 * @type {Readonly<Record<string, string>>}
 */
export const packageOwners = {
  koffi: "^packages/agent/src/system/node/",
  ws: "^packages/(agent/src/listeners/node|host/src/session)/",
  zod: "^packages/protocol/src/",
  commander: "^packages/host/src/cli/",
  "cli-progress": "^packages/host/src/cli/",
  serialport: "^packages/host/src/session/",
  "d3-flame-graph": "^packages/host/page/",
  "d3-selection": "^packages/host/page/",
};
