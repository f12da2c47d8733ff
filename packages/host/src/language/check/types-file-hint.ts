/** What helps where the target does not tell its kernel's types. */
export const typesFileHint =
  "This target does not tell its kernel's types (it has no BTF): --btf FILE or --vmlinux FILE gives them.";
