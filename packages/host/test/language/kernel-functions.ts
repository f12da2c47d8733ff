import { type FunctionType, type RawParameter } from "../../src/language/answers.js";

function pointer(name: string, typeName: string): RawParameter {
  return { name, typeName, isPointer: true, isSigned: false, sizeBytes: 8 };
}

function integer(name: string, typeName: string, isSigned: boolean): RawParameter {
  return { name, typeName, isPointer: false, isSigned, sizeBytes: 8 };
}

/** ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos) */
export const vfsRead: FunctionType = {
  parameters: [
    pointer("file", "struct file *"),
    pointer("buf", "char *"),
    integer("count", "size_t", false),
    pointer("pos", "loff_t *"),
  ],
  result: integer("", "ssize_t", true),
};
