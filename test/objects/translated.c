// Loads the programs of BPF objects by libbpf, each alone, and tells what the kernel makes of them: the peer that Sonde's
// loader is compared with.
//
//   translated load OBJECT…   a line for each program: OBJECT PROGRAM, then "ok HEX" or "refused ERRNO"
//   translated show ID…       a line for each program that is in the kernel: ID, then "ok HEX"
//   translated fit BTF OBJECT…  a line for each program as it is fitted to other types than this kernel's: OBJECT PROGRAM ok HEX,
//                             before the kernel sees it; OBJECT - refused ERRNO when the object cannot be
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_translated(int fd) {
  struct bpf_prog_info info = {};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
    printf("refused %d\n", errno);
    return;
  }
  __u32 length = info.xlated_prog_len;
  unsigned char *code = calloc(1, length + 1);
  memset(&info, 0, sizeof(info));
  info.xlated_prog_len = length;
  info.xlated_prog_insns = (__u64)(unsigned long)code;
  size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
    printf("refused %d\n", errno);
  } else {
    printf("ok ");
    for (__u32 at = 0; at < length; at++) printf("%02x", code[at]);
    printf("\n");
  }
  free(code);
}

/* What a tool does for maps whose size its object leaves open: translated.ts knows these numbers, too. */
static void size_maps(struct bpf_object *object) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    enum bpf_map_type type = bpf_map__type(map);
    /* Arrays of buffers, and storage of tasks and the like, have their sizes of themselves. */
    bool is_sized = type != BPF_MAP_TYPE_PERF_EVENT_ARRAY && !(bpf_map__map_flags(map) & BPF_F_NO_PREALLOC);
    if (is_sized && bpf_map__max_entries(map) == 0) bpf_map__set_max_entries(map, 1024);
    bool is_sizeless = type == BPF_MAP_TYPE_STACK_TRACE && bpf_map__value_size(map) == 0;
    if (is_sizeless) bpf_map__set_value_size(map, 127 * 8);
  }
}

/* Alone, so that one that the kernel refuses keeps no other from being loaded. */
static void load_alone(const char *path, const char *name) {
  struct bpf_object *object = bpf_object__open_file(path, NULL);
  struct bpf_program *program, *wanted = NULL;
  bpf_object__for_each_program(program, object) {
    bool is_wanted = strcmp(bpf_program__name(program), name) == 0;
    bpf_program__set_autoload(program, is_wanted);
    if (is_wanted) wanted = program;
  }
  size_maps(object);
  printf("%s %s ", path, name);
  errno = 0;
  int error = bpf_object__load(object);
  if (error) printf("refused %d\n", -error);
  else print_translated(bpf_program__fd(wanted));
  fflush(stdout);
  bpf_object__close(object);
}

static const char *fitted_path;

/* Called with a program as it is to be loaded. What is loaded in its place is nothing, of a type that any kernel takes. */
static int print_fitted(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie) {
  (void)cookie;
  const unsigned char *code = (const unsigned char *)bpf_program__insns(program);
  size_t length = bpf_program__insn_cnt(program) * sizeof(struct bpf_insn);
  printf("%s %s ok ", fitted_path, bpf_program__name(program));
  for (size_t at = 0; at < length; at++) printf("%02x", code[at]);
  printf("\n");
  fflush(stdout);
  static struct bpf_insn nothing[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  options->func_info_cnt = options->line_info_cnt = 0;
  options->prog_flags = 0;
  return bpf_program__set_insns(program, nothing, 2);
}

static void fit(const char *types, const char *path) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);
  struct bpf_object *object = bpf_object__open_file(path, &options);
  if (!object) {
    printf("%s - refused %d\n", path, errno);
    return;
  }
  struct bpf_program *program;
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, true);
  size_maps(object);
  fitted_path = path;
  int error = bpf_object__load(object);
  if (error) printf("%s - refused %d\n", path, -error);
  bpf_object__close(object);
}

static void take_all_sections(void) {
  static const char *kinds[] = {"kprobe+", "kretprobe+", "ksyscall+", "kretsyscall+", "kprobe.multi+",
                                "kretprobe.multi+", "uprobe+", "uretprobe+", "usdt+", "tracepoint+", "tp+",
                                "raw_tracepoint+", "raw_tp+", "tp_btf+", "fentry+", "fexit+", "fmod_ret+",
                                "lsm+", "iter+", "perf_event"};
  LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = print_fitted);
  for (size_t at = 0; at < sizeof(kinds) / sizeof(*kinds); at++)
    libbpf_register_prog_handler(kinds[at], BPF_PROG_TYPE_SOCKET_FILTER, 0, &options);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args) {
  if (getenv("LIBBPF_TALKS")) vfprintf(stderr, format, args);
  return 0;
}

int main(int count, char **args) {
  libbpf_set_print(quiet);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  bool fits = strcmp(args[1], "fit") == 0;
  if (fits) take_all_sections();
  for (int at = fits ? 3 : 2; at < count; at++) {
    if (fits) {
      fit(args[2], args[at]);
      continue;
    }
    if (strcmp(args[1], "show") == 0) {
      int fd = bpf_prog_get_fd_by_id(atoi(args[at]));
      printf("%s ", args[at]);
      print_translated(fd);
      close(fd);
      continue;
    }
    struct bpf_object *object = bpf_object__open_file(args[at], NULL);
    if (!object) {
      printf("%s - refused %d\n", args[at], errno);
      continue;
    }
    struct bpf_program *program;
    bpf_object__for_each_program(program, object) load_alone(args[at], bpf_program__name(program));
    bpf_object__close(object);
  }
  return 0;
}
