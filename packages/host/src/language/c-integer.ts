import { type IntegerType } from "./check/type.js";

/** C's integer types of the same size everywhere, and typedefs of the kernel's that system calls take. */
const signedNames: Readonly<Record<1 | 2 | 4 | 8, string>> = {
  1: "char,signed char,s8,__s8,int8_t,int8",
  2: "short,short int,s16,__s16,int16_t,int16",
  4:
    "int,signed int,signed,s32,__s32,int32_t,int32,pid_t,clockid_t,key_t,timer_t,mqd_t,key_serial_t,rwf_t," +
    "__kernel_pid_t,__kernel_key_t,__kernel_timer_t,__kernel_clockid_t",
  8: "long long,long long int,s64,__s64,int64_t,int64,loff_t,time64_t",
};
const unsignedNames: Readonly<Record<1 | 2 | 4 | 8, string>> = {
  1: "unsigned char,u8,__u8,uint8_t,uint8,bool",
  2: "unsigned short,unsigned short int,u16,__u16,uint16_t,uint16,umode_t",
  4: "unsigned int,unsigned,uint,u32,__u32,uint32_t,uint32,uid_t,gid_t,qid_t,mode_t,gfp_t,dev_t",
  8: "unsigned long long,unsigned long long int,u64,__u64,uint64_t,uint64",
};

const integersByName = new Map<string, IntegerType>();
for (const sizeBytes of [1, 2, 4, 8] as const) {
  for (const name of signedNames[sizeBytes].split(",")) {
    integersByName.set(name, { kind: "integer", sizeBytes, isSigned: true });
  }
  for (const name of unsignedNames[sizeBytes].split(",")) {
    integersByName.set(name, { kind: "integer", sizeBytes, isSigned: false });
  }
}

/** The integer that C or the kernel means by a name, where that is the same on every architecture. */
export function cInteger(name: string): IntegerType | undefined {
  return integersByName.get(name.replace(/^const /, "").trim());
}
