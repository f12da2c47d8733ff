/**
 * What differs between processors for the micro agent's build.
 *
 * @typedef {object} MicroArchitecture
 * @property {string} debian    Debian's name
 * @property {string} suite     Debian's suite with the C library
 * @property {string} musl      of the folders of musl
 * @property {string} compiler  what the compiler calls its target
 * @property {readonly string[]} flags  for compiling and linking
 */

/** By Node's names. @satisfies {Readonly<Record<string, MicroArchitecture>>} */
export const microArchitectures = {
  x64: {
    debian: "amd64",
    suite: "trixie",
    musl: "x86_64-linux-musl",
    compiler: "x86_64-linux-gnu",
    // Pages of 4 kB are all there are: less space between the parts of the file.
    flags: ["-Wl,-z,max-page-size=4096"],
  },
};
