/**
 * The boards: each a value, from which an image is built and a machine started.
 *
 * @typedef {object} Board
 * @property {string} name
 * @property {keyof typeof import("./architectures.js").architectures} architecture
 * @property {string} suite          Debian's, of the kernel
 * @property {string} kernelPackage  Debian's, which depends on the kernel proper
 * @property {string} [cpu]          the processor, where it is not the usual one of its architecture
 * @property {number} memoryMegabytes
 * @property {string} commandLine    the kernel's, further
 * @property {boolean} hidesBtf      whether /sys/kernel/btf is empty
 * @property {"node" | "micro" | "micro or node"} agent  "micro or node": Node's where the micro agent is not built for it
 * @property {boolean} standsForOlder  whether it is tried here what is done on older kernels: on one board of each processor
 * @property {{ arguments: readonly string[], modules: readonly string[] }} [devices]  QEMU's arguments for what it has
 *   beside a network card, and the modules for that
 * @property {readonly string[]} lacks  features that `sonde info` is to find missing: a board without any other is wrong
 */

/** @type {Omit<Board, "name" | "architecture" | "suite" | "kernelPackage">} */
const usual = {
  memoryMegabytes: 768,
  commandLine: "",
  hidesBtf: false,
  agent: "node",
  standsForOlder: true,
  lacks: [],
};

/** Attaching by BTF goes with it. */
const withoutBtf = ["btf", "fentry", "fexit", "iter", "tp_btf"];

/**
 * A graphics card whose monitor is asked for its description over i2c, by a driver that sets the lines bit by bit, and the
 * driver of memories that are read over i2c.
 */
const i2cDevices = {
  arguments: ["-device", "ati-vga,model=rv100,romfile="],
  modules: ["radeon", "at24"],
};

/** Kinds and names in programs' own types that came to Linux with 6.9, and those that came after 5.10. */
const before6_9 = ["btf_optional_section"];
const before5_11 = ["btf_decl_tag", "btf_enum64", "btf_float", "btf_type_tag", ...before6_9];

/** @type {readonly Board[]} */
export const boards = [
  {
    ...usual,
    name: "x86_64-5.10",
    architecture: "x86_64",
    suite: "bullseye",
    kernelPackage: "linux-image-cloud-amd64",
    lacks: [
      ...before5_11,
      "atomic_fetch",
      "attach_cookie",
      "bpf_loop",
      "for_each_map_elem",
      "get_current_task_btf",
      "hardware_event",
      "hash_without_preallocation",
      "kprobe_multi",
      "map_lookup_and_delete",
      "map_lookup_percpu_elem",
      "perf_event_link",
      "trace_vprintk",
      "uprobe_multi",
    ],
  },
  {
    ...usual,
    name: "x86_64-6.1",
    architecture: "x86_64",
    suite: "bookworm",
    kernelPackage: "linux-image-cloud-amd64",
    standsForOlder: false,
    lacks: [...before6_9, "hardware_event", "kprobe_multi", "uprobe_multi"],
  },
  {
    ...usual,
    name: "x86_64-6.1-no-btf",
    architecture: "x86_64",
    suite: "bookworm",
    kernelPackage: "linux-image-cloud-amd64",
    hidesBtf: true,
    standsForOlder: false,
    lacks: [...before6_9, ...withoutBtf, "hardware_event", "kprobe_multi", "uprobe_multi"],
  },
  {
    ...usual,
    name: "x86_64-6.12",
    architecture: "x86_64",
    suite: "trixie",
    // Kernels for the cloud have no i2c.
    kernelPackage: "linux-image-amd64",
    devices: i2cDevices,
    standsForOlder: false,
    lacks: ["hardware_event"],
  },
  {
    ...usual,
    name: "x86_64-7",
    architecture: "x86_64",
    suite: "sid",
    kernelPackage: "linux-image-cloud-amd64",
    agent: "micro or node",
    standsForOlder: false,
    lacks: ["hardware_event"],
  },
  {
    ...usual,
    name: "arm64-6.1",
    architecture: "arm64",
    suite: "bookworm",
    kernelPackage: "linux-image-arm64",
    // Direct calls of ftrace came to arm64 with 6.5.
    agent: "micro or node",
    lacks: [...before6_9, "fentry", "fexit", "kprobe_multi", "uprobe_multi"],
  },
  {
    ...usual,
    name: "arm64-6.12",
    architecture: "arm64",
    suite: "trixie",
    kernelPackage: "linux-image-arm64",
    devices: i2cDevices,
    standsForOlder: false,
    lacks: ["kprobe_multi"],
  },
  {
    ...usual,
    name: "arm64-6.12-no-btf",
    architecture: "arm64",
    suite: "trixie",
    kernelPackage: "linux-image-arm64",
    devices: i2cDevices,
    hidesBtf: true,
    agent: "micro or node",
    standsForOlder: false,
    lacks: [...withoutBtf, "kprobe_multi"],
  },
  {
    ...usual,
    name: "arm64-6.12-16k",
    architecture: "arm64",
    suite: "trixie",
    kernelPackage: "linux-image-arm64-16k",
    // The first of Arm's processors that has pages of 16 kB.
    cpu: "cortex-a76",
    agent: "micro or node",
    standsForOlder: false,
    lacks: ["kprobe_multi"],
  },
  {
    ...usual,
    name: "armhf-6.1",
    architecture: "armhf",
    suite: "bookworm",
    kernelPackage: "linux-image-armmp",
    agent: "micro or node",
    lacks: [
      ...before6_9,
      ...withoutBtf,
      ...["breakpoint", "get_current_task_btf", "hardware_event", "kprobe_multi", "uprobe_multi"],
    ],
  },
  {
    ...usual,
    name: "i386-6.1",
    architecture: "i386",
    suite: "bookworm",
    kernelPackage: "linux-image-686-pae",
    agent: "micro or node",
    lacks: [
      ...before6_9,
      ...withoutBtf,
      ...["get_current_task_btf", "hardware_event", "kprobe_multi", "uprobe_multi"],
    ],
  },
  {
    ...usual,
    name: "riscv64-6.12",
    architecture: "riscv64",
    suite: "trixie",
    kernelPackage: "linux-image-riscv64",
    // koffi's binary for it is made for processors that have vectors and Zcb, which QEMU 7.2 has not.
    agent: "micro",
    lacks: ["breakpoint", "kprobe_multi"],
  },
  {
    ...usual,
    name: "s390x-6.1",
    architecture: "s390x",
    suite: "bookworm",
    kernelPackage: "linux-image-s390x",
    // There is no koffi for it.
    agent: "micro",
    lacks: [
      ...before6_9,
      ...withoutBtf,
      ...["breakpoint", "get_current_task_btf", "hardware_event", "kprobe_multi", "uprobe_multi"],
      // The kernel's and processes' addresses overlap: nobody can tell whose one is.
      "probe_read",
    ],
  },
  {
    ...usual,
    name: "ppc64el-6.1",
    architecture: "ppc64el",
    suite: "bookworm",
    kernelPackage: "linux-image-powerpc64le",
    // Debian's Node for it is trixie's, of which mirrors have not every package.
    agent: "micro",
    lacks: [
      ...before6_9,
      ...withoutBtf,
      ...["breakpoint", "get_current_task_btf", "kprobe_multi", "uprobe_multi"],
    ],
  },
  {
    ...usual,
    name: "mipsel-6.1",
    architecture: "mipsel",
    suite: "bookworm",
    kernelPackage: "linux-image-4kc-malta",
    // There is no koffi for it.
    agent: "micro",
    lacks: [
      ...before6_9,
      ...withoutBtf,
      ...["breakpoint", "get_current_task_btf", "hardware_event", "kprobe_multi", "uprobe_multi"],
    ],
  },
];

/**
 * A board that is to run another agent than its own.
 *
 * @param {Board} board
 * @param {Board["agent"]} agent
 * @returns {Board}
 */
export function withAgent(board, agent) {
  return agent === board.agent ? board : { ...board, agent, name: `${board.name}-${agent}` };
}

/**
 * Those with these names, or all. Throws for a name that no board has.
 *
 * @param {readonly string[]} names
 */
export function boardsNamed(names) {
  if (names.length === 0) return boards;
  return names.map((name) => {
    const board = boards.find((one) => one.name === name);
    if (board === undefined) {
      const known = boards.map((one) => one.name).join(", ");
      throw new Error(`there is no board named ${name} (there are: ${known})`);
    }
    return board;
  });
}
