/**
 * Which files a host may read, by their resolved path: whatever of procfs, sysfs and tracefs tells what can be traced
 * and what processes are. Beside these any ELF file may be read (see FileAccess), because a uprobe needs the symbols of
 * whatever program or library it goes into.
 */
const readable: readonly RegExp[] = [
  /^\/sys\/kernel\/btf\/[^/]+$/,
  /^\/sys\/kernel\/notes$/,
  /^\/sys\/devices\/system\/cpu\/[^/]+$/,
  /^\/proc\/(kallsyms|modules|config\.gz)$/,
  /^\/proc\/sys\/kernel\/(random\/boot_id|osrelease|kptr_restrict|perf_event_paranoid|unprivileged_bpf_disabled)$/,
  /^\/proc\/sys\/net\/core\/bpf_jit_enable$/,
  /^\/proc\/\d+\/(maps|comm|cmdline|status|stat|mountinfo|cgroup)$/,
  /^\/proc\/\d+\/task\/\d+\/(comm|status|stat)$/,
  /^\/boot\/config-[^/]+$/,
  /^\/etc\/(ld\.so\.cache|passwd)$/,
  // What virtual machines have compiled, for perf.
  /^\/tmp\/perf-\d+\.map$/,
];

/** Below tracefs. */
const readableEvents: readonly RegExp[] = [
  /^\/(available_events|available_filter_functions|tracing_on)$/,
  /^\/events\/[^/]+\/[^/]+\/(format|id)$/,
];

const listable: readonly RegExp[] = [
  /^\/sys\/kernel\/btf$/,
  /^\/sys\/bus\/event_source\/devices$/,
  /^\/sys\/fs\/cgroup(\/.+)?$/,
  /^\/proc$/,
  /^\/proc\/\d+\/task$/,
  // Where libraries are: a board without /etc/ld.so.cache tells nowhere else what "libc" is.
  /^(\/usr)?\/lib(32|64)?(\/[^/]+-linux-[^/]+)?$/,
  /^\/system\/lib(64)?$/,
];

const listableEvents: readonly RegExp[] = [/^\/events(\/[^/]+){0,2}$/];

/** Links that say where a process is: a host may know where they lead, when that is a directory. */
const directoryLink = /^\/proc\/(\d+|self)\/(cwd|root|fd\/\d+)$/;

/** Where reading a file can do something, or where no program lies: never taken for an ELF file. */
const neverElf = /^\/(proc|sys)(\/|$)|^\/dev\/(?!shm\/)/;

const tracefsMounts = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** Decides by resolved paths; `tracefs` is where that is mounted, "" for nowhere. */
export class FileRules {
  readonly #tracefs: readonly string[];

  constructor(tracefs: string) {
    this.#tracefs = tracefs === "" ? tracefsMounts : [...tracefsMounts, tracefs];
  }

  mayRead(path: string): boolean {
    return this.#matches(path, readable, readableEvents);
  }

  mayList(path: string): boolean {
    return this.#matches(path, listable, listableEvents);
  }

  /** Whether a file that has the looks of an ELF file may be read. */
  mayBeElf(path: string): boolean {
    return !neverElf.test(path);
  }

  /** Of a path as it was asked for, before it is resolved. */
  mayFollow(requestedPath: string): boolean {
    return directoryLink.test(requestedPath);
  }

  #matches(path: string, anywhere: readonly RegExp[], events: readonly RegExp[]): boolean {
    if (anywhere.some((rule) => rule.test(path))) return true;
    return this.#tracefs.some((mount) => {
      const below = path.startsWith(`${mount}/`) ? path.slice(mount.length) : undefined;
      return below !== undefined && events.some((rule) => rule.test(below));
    });
  }
}
