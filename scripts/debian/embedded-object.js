import { readFileSync } from "node:fs";

/** The BPF object (e_machine 247) that is linked into a program, with all that stands behind it: readers stop at its sections. */
export function objectWithin(/** @type {string} */ path) {
  const file = readFileSync(path);
  const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  for (let at = file.indexOf(magic); at >= 0; at = file.indexOf(magic, at + 4)) {
    if (file.readUInt16LE(at + 18) === 247) return file.subarray(at);
  }
  throw new Error(`${path} has no BPF object in it: apt-get install libbpf-tools`);
}
