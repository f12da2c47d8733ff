import { type Btf, openBtf } from "../../../src/btf/btf.js";
import {
  btfMemberNames,
  describeBtfMember,
  describeBtfMembers,
  describeBtfType,
  describeNamedBtfType,
} from "../../../src/btf/type-description.js";
import { type Answer, type Query } from "../../../src/language/answers.js";
import { nearNames } from "../../../src/language/near-names.js";
import { BtfBuilder } from "../../btf/btf-builder.js";

export type TypeQuery = Extract<
  Query,
  { readonly kind: "kernelType" | "kernelMember" | "kernelMembers" | "kernelEnumerator" }
>;

/**
 * A small kernel's types:
 *
 *     enum state { IDLE, BUSY = 5 };
 *     typedef int pid_t;
 *     struct mm { unsigned long total_vm; int map_count; };
 *     struct task_struct {
 *       pid_t pid; enum state state; char comm[16]; struct mm *mm; struct task_struct *parent;
 *       union { int inner; struct { short low, high; }; };
 *       unsigned int ready:1, kind:3; int level:4; int cpus[4]; struct mm own; _Bool done;
 *     };
 *     struct file { struct { struct { struct { const char *name; } d_name; } *dentry; } f_path; };
 */
function buildTypes(): Uint8Array {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4, 1);
  const unsigned = btf.int("unsigned int", 4);
  const long = btf.int("long unsigned int", 8);
  const short = btf.int("short int", 2, 1);
  const char = btf.int("char", 1);
  const bool = btf.int("_Bool", 1, 4);
  const pid = btf.modifier("typedef", int, "pid_t");
  const state = btf.add("enum", {
    name: "state",
    parts: 2,
    third: 4,
    rest: [btf.string("IDLE"), 0, btf.string("BUSY"), 5],
  });
  const mm = btf.struct("mm", 16, [
    { name: "total_vm", type: long, bitOffset: 0 },
    { name: "map_count", type: int, bitOffset: 64 },
  ]);
  const halves = btf.struct("", 4, [
    { name: "low", type: short, bitOffset: 0 },
    { name: "high", type: short, bitOffset: 16 },
  ]);
  const inner = btf.struct(
    "",
    4,
    [
      { name: "inner", type: int, bitOffset: 0 },
      { name: "", type: halves, bitOffset: 0 },
    ],
    "union",
  );
  const comm = btf.array(char, 16);
  const cpus = btf.array(int, 4);
  const mmPointer = btf.pointer(mm);
  // The next but one is the structure itself.
  const taskPointer = btf.pointer(mmPointer + 2);
  btf.struct("task_struct", 104, [
    { name: "pid", type: pid, bitOffset: 0, bitFieldSize: 0 },
    { name: "state", type: state, bitOffset: 32 },
    { name: "comm", type: comm, bitOffset: 64 },
    { name: "mm", type: mmPointer, bitOffset: 192 },
    { name: "parent", type: taskPointer, bitOffset: 256 },
    { name: "", type: inner, bitOffset: 320 },
    { name: "ready", type: unsigned, bitOffset: 352, bitFieldSize: 1 },
    { name: "kind", type: unsigned, bitOffset: 353, bitFieldSize: 3 },
    { name: "level", type: int, bitOffset: 356, bitFieldSize: 4 },
    { name: "cpus", type: cpus, bitOffset: 384 },
    { name: "own", type: mm, bitOffset: 512 },
    { name: "done", type: bool, bitOffset: 640 },
  ]);
  const text = btf.pointer(btf.modifier("const", char));
  const nameOf = btf.struct("qstr", 8, [{ name: "name", type: text, bitOffset: 0 }]);
  const dentry = btf.struct("dentry", 8, [{ name: "d_name", type: nameOf, bitOffset: 0 }]);
  const path = btf.struct("path", 8, [{ name: "dentry", type: btf.pointer(dentry), bitOffset: 0 }]);
  btf.struct("file", 8, [{ name: "f_path", type: path, bitOffset: 0 }]);
  return btf.build();
}

let opened: Btf | undefined;

/** What the board of the tests answers about types. */
export function answerTypes(query: TypeQuery): Answer {
  const types = (opened ??= openBtf(buildTypes()));
  switch (query.kind) {
    case "kernelType":
      return { kind: query.kind, type: describeNamedBtfType(types, query.name) };
    case "kernelMember": {
      const member = describeBtfMember(types, query.structure, query.name);
      const near = nearNames(query.name, btfMemberNames(types, query.structure));
      return { kind: query.kind, member, near: member === undefined ? near : [] };
    }
    case "kernelMembers":
      return { kind: query.kind, members: describeBtfMembers(types, query.structure) };
    case "kernelEnumerator": {
      const id = types.findEnumerator(query.name);
      return {
        kind: query.kind,
        type: id === undefined ? undefined : describeBtfType(types, id),
      };
    }
  }
}
