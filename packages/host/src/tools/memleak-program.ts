import { ToolOptionError } from "./tool.js";

/** What memleak's program depends on. */
export interface MemleakSettings {
  /** Undefined: the kernel's allocations. */
  readonly pid: number | undefined;
  /** Whose functions allocate: a library, a path. */
  readonly object: string;
  readonly symbolsPrefix: string;
  readonly percpu: boolean;
  readonly combinedOnly: boolean;
  readonly traces: boolean;
  readonly sampleRate: number;
  readonly minSize: number | undefined;
  readonly maxSize: number | undefined;
  readonly intervalSeconds: number;
  readonly count: number | undefined;
  readonly pageSize: number;
}

/** How many outstanding allocations are kept: a board has not the room for BCC's million. */
const mostAllocations = 65_536;

/** Allocators of the C library, and where their callers say how much they want. */
const sizes: Readonly<Record<string, string>> = {
  malloc: "arg0",
  calloc: "arg0 * arg1",
  realloc: "arg1",
  mmap: "arg1",
  aligned_alloc: "arg1",
  memalign: "arg1",
  valloc: "arg0",
  pvalloc: "arg0",
};

const releases = ["free", "realloc", "munmap"];

/** Keeps what was allocated and not released, by its address: how much, when, and by which stack. */
export function memleakProgram(settings: MemleakSettings): string {
  const { intervalSeconds, count } = settings;
  const maps = settings.combinedOnly ? ["@bytes", "@blocks"] : ["@allocations"];
  const prints = maps.map((map) => `print(${map});`).join(" ");
  const end = count === undefined ? "" : ` @reports++; if (@reports >= ${count}) { exit(); }`;
  return `config = { max_map_keys = ${mostAllocations}; missing_probes = "ignore" }
${settings.pid === undefined ? kernelProbes(settings) : userProbes(settings)}
interval:ms:${Math.round(intervalSeconds * 1000)} { emit("report", "nsecs", nsecs); ${prints}${end} }
END { emit("end", "nsecs", nsecs); }
`;
}

function userProbes(settings: MemleakSettings): string {
  const { object, symbolsPrefix } = settings;
  const file = object === "c" ? "libc" : object;
  const probe = (kind: string, name: string): string => `${kind}:${file}:${symbolsPrefix}${name}`;
  const releasing = releases.map(
    (name) => `${probe("uprobe", name)} { ${release("arg0", settings)} }`,
  );
  const asking = Object.entries(sizes).map(
    ([name, size]) =>
      `${probe("uprobe", name)} { ${wanted(size, settings)} @size[tid] = ${size}; }`,
  );
  const returns = Object.keys(sizes).map((name) => probe("uretprobe", name));
  const aligned = probe("uprobe", "posix_memalign");
  return `${releasing.join("\n")}
${asking.join("\n")}
${returns.join(",\n")} /has_key(@size, tid)/ {
  $size = @size[tid];
  delete(@size, tid);
  if (retval != 0) { ${keep("retval", "$size", "ustack", settings)} }
}
// It returns the address through a pointer of its caller's.
${aligned} { ${wanted("arg2", settings)} @size[tid] = arg2; @place[tid] = arg0; }
${aligned.replace("uprobe", "uretprobe")} /has_key(@place, tid)/ {
  $size = @size[tid];
  $address = *(uint64 *)uptr(@place[tid]);
  delete(@size, tid);
  delete(@place, tid);
  if (retval == 0) { ${keep("$address", "$size", "ustack", settings)} }
}`;
}

function kernelProbes(settings: MemleakSettings): string {
  const allocation = (events: readonly string[], address: string, size: string): string =>
    `${events.map((event) => `tracepoint:${event}`).join(",\n")} {
  ${wanted(size, settings)}
  $size = ${size};
  ${keep(address, "$size", "kstack", settings)}
}`;
  const freeing = (events: readonly string[], address: string): string =>
    `${events.map((event) => `tracepoint:${event}`).join(",\n")} { ${release(address, settings)} }`;
  if (settings.percpu) {
    return `${allocation(["percpu:percpu_alloc_percpu"], "(uint64)args.ptr", "args.size")}
${freeing(["percpu:percpu_free_percpu"], "(uint64)args.ptr")}`;
  }
  const pointer = "(uint64)args.ptr";
  return `${allocation(["kmem:kmalloc", "kmem:kmem_cache_alloc", "kmem:kmalloc_node", "kmem:kmem_cache_alloc_node"], pointer, "args.bytes_alloc")}
${freeing(["kmem:kfree", "kmem:kmem_cache_free"], pointer)}
${allocation(["kmem:mm_page_alloc"], "args.pfn", `${settings.pageSize} << args.order`)}
${freeing(["kmem:mm_page_free"], "args.pfn")}`;
}

/** Leaves the probe when an allocation is not to be looked at. */
function wanted(size: string, { sampleRate, minSize, maxSize }: MemleakSettings): string {
  if (minSize !== undefined && maxSize !== undefined && minSize > maxSize) {
    throw new ToolOptionError("the least size (-z) is larger than the largest (-Z)");
  }
  const no = [
    ...(minSize === undefined ? [] : [`${size} < ${minSize}`]),
    ...(maxSize === undefined ? [] : [`${size} > ${maxSize}`]),
    ...(sampleRate === 1 ? [] : [`nsecs % ${sampleRate} != 0`]),
  ];
  return no.length === 0 ? "" : `if (${no.join(" || ")}) { return; }`;
}

function keep(address: string, size: string, stack: string, settings: MemleakSettings): string {
  const told = settings.traces
    ? ` emit("alloc", "comm", comm, "pid", pid, "size", ${size}, "address", ${address});`
    : "";
  if (!settings.combinedOnly)
    return `@allocations[${address}] = (${size}, nsecs, ${stack});${told}`;
  // Of some allocations the kernel does not tell that they were released: their address comes again.
  return `${release(address, settings)} @allocations[${address}] = (${size}, ${stack});
  $kept = @allocations[${address}];
  @bytes[$kept.1] += ${size}; @blocks[$kept.1] += 1;${told}`;
}

function release(address: string, settings: MemleakSettings): string {
  const told = settings.traces
    ? ` emit("free", "comm", comm, "pid", pid, "size", @allocations[${address}].0, "address", ${address});`
    : "";
  const counted = settings.combinedOnly
    ? ` $old = @allocations[${address}]; @bytes[$old.1] -= $old.0; @blocks[$old.1] -= 1;`
    : "";
  return `if (has_key(@allocations, ${address})) {${told}${counted} delete(@allocations, ${address}); }`;
}
