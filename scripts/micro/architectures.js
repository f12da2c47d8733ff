/**
 * What differs between processors for the micro agent's build.
 *
 * @typedef {object} MicroArchitecture
 * @property {string} debian    Debian's name
 * @property {string} suite     Debian's suite with the C library
 * @property {string} musl      of the folders of musl
 * @property {string} compiler  what the compiler calls its target
 * @property {string} compilerPackage  Debian's package of the compiler
 * @property {readonly string[]} flags  for compiling and linking
 * @property {boolean} [isBigEndian]  unlike any machine that builds
 * @property {readonly string[]} [libraries]  of the compiler's, for what the processor has no instruction for
 */

/** Pages of 4 kB are all there are: less space between the parts of the file. */
const smallPages = "-Wl,-z,max-page-size=4096";

/** By Node's names. @satisfies {Readonly<Record<string, MicroArchitecture>>} */
export const microArchitectures = {
  x64: {
    debian: "amd64",
    suite: "trixie",
    musl: "x86_64-linux-musl",
    compiler: "x86_64-linux-gnu",
    compilerPackage: "gcc-x86-64-linux-gnu",
    flags: [smallPages],
  },
  arm64: {
    debian: "arm64",
    suite: "trixie",
    musl: "aarch64-linux-musl",
    compiler: "aarch64-linux-gnu",
    compilerPackage: "gcc-aarch64-linux-gnu",
    flags: [],
  },
  arm: {
    debian: "armhf",
    suite: "trixie",
    musl: "arm-linux-musleabihf",
    compiler: "arm-linux-gnueabihf",
    compilerPackage: "gcc-arm-linux-gnueabihf",
    flags: [smallPages],
  },
  ia32: {
    debian: "i386",
    suite: "trixie",
    musl: "i386-linux-musl",
    compiler: "i686-linux-gnu",
    compilerPackage: "gcc-i686-linux-gnu",
    flags: [smallPages],
  },
  riscv64: {
    debian: "riscv64",
    suite: "trixie",
    musl: "riscv64-linux-musl",
    compiler: "riscv64-linux-gnu",
    compilerPackage: "gcc-riscv64-linux-gnu",
    flags: [smallPages],
    libraries: ["-latomic"],
  },
  mipsel: {
    debian: "mipsel",
    // The last one with this processor.
    suite: "bookworm",
    musl: "mipsel-linux-musl",
    compiler: "mipsel-linux-gnu",
    compilerPackage: "gcc-mipsel-linux-gnu",
    flags: [],
    libraries: ["-latomic"],
  },
  ppc64: {
    debian: "ppc64el",
    suite: "trixie",
    musl: "powerpc64le-linux-musl",
    compiler: "powerpc64le-linux-gnu",
    compilerPackage: "gcc-powerpc64le-linux-gnu",
    // As musl is built.
    flags: ["-mlong-double-64"],
  },
  s390x: {
    debian: "s390x",
    suite: "trixie",
    musl: "s390x-linux-musl",
    compiler: "s390x-linux-gnu",
    compilerPackage: "gcc-s390x-linux-gnu",
    flags: [smallPages],
    isBigEndian: true,
  },
};
