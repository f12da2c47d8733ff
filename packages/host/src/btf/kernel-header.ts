import { type AllTypes, formatCTypes } from "./c-declarations.js";

/**
 * A header for BPF programs with all types of a kernel. Whoever reads their members with clang gets relocations, so that the
 * program also runs where they are elsewhere; defining BPF_NO_PRESERVE_ACCESS_INDEX turns that off. Throws BtfError.
 */
export function formatKernelHeader(types: AllTypes): string {
  return [
    "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n",
    "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n",
    "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\n",
    "#endif\n\n",
    formatCTypes(types).join("\n"),
    "\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n#endif\n",
  ].join("");
}
