// Loads the programs of BPF objects by libbpf, each alone, and tells what the kernel makes of them: the peer that Sonde's
// loader is compared with.
//
//   translated load OBJECT…   a line for each program: OBJECT PROGRAM, then "ok HEX" or "refused ERRNO"
//   translated show ID…       a line for each program that is in the kernel: ID, then "ok HEX"
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

/* Alone, so that one that the kernel refuses keeps no other from being loaded. */
static void load_alone(const char *path, const char *name) {
  struct bpf_object *object = bpf_object__open_file(path, NULL);
  struct bpf_program *program, *wanted = NULL;
  bpf_object__for_each_program(program, object) {
    bool is_wanted = strcmp(bpf_program__name(program), name) == 0;
    bpf_program__set_autoload(program, is_wanted);
    if (is_wanted) wanted = program;
  }
  printf("%s %s ", path, name);
  errno = 0;
  int error = bpf_object__load(object);
  if (error) printf("refused %d\n", -error);
  else print_translated(bpf_program__fd(wanted));
  fflush(stdout);
  bpf_object__close(object);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args) {
  if (getenv("LIBBPF_TALKS")) vfprintf(stderr, format, args);
  return 0;
}

int main(int count, char **args) {
  libbpf_set_print(quiet);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  for (int at = 2; at < count; at++) {
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
