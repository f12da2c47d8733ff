/** Functions that give a value, and those that stand alone. */
export const functionNames: ReadonlySet<string> = new Set(
  (
    "str ksym usym strftime strncmp strcontains has_key kptr uptr sizeof getopt comptime " +
    "is_str is_ptr is_array is_integer is_unsigned_integer is_literal kstack ustack dw_ustack stack " +
    "kaddr percpu_kaddr path socket_cookie cgroupid cgroup_path kfunc_exist kfunc_allowed reg nsecs pid tid len find signal signal_thread override write_user is_err " +
    "strlen strcap strstr str_concat memcmp bswap buf ntop pton macaddr strerror syscall_name signal_name " +
    "printf errorf warnf system cat debugf print emit clear zero delete exit time join " +
    "count sum avg min max stats hist lhist tseries"
  ).split(" "),
);

/** Functions that a map is assigned: `@ = count()`. */
export const aggregationNames: ReadonlySet<string> = new Set(
  "count sum avg min max stats hist lhist tseries".split(" "),
);

/** Functions that stand alone and give nothing. */
export const statementNames: ReadonlySet<string> = new Set(
  "printf errorf warnf system cat debugf print emit clear zero delete exit time join".split(" "),
);

/** Functions that end the program, or its compilation. */
export const assertionNames: ReadonlySet<string> = new Set("assert static_assert fail".split(" "));

/** Functions of bpftrace's that this compiler does not have yet. */
export const unsupportedFunctions: ReadonlySet<string> = new Set(
  "skboutput unwatch quantize".split(" "),
);
