import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { version } from "../packages/agent/src/program/version.js";
import { ComposeFile } from "./support/compose-file.js";
import { buildMicroAgent } from "./support/micro-agent.js";
import { until } from "./support/processes.js";
import { requiresCommand, requiresFeature } from "./support/requires.js";
import { runSonde } from "./support/sonde.js";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "sonde-docker-"));
const storage = [
  ...["--root", join(folder, "store")],
  ...["--runroot", join(folder, "run")],
  // Upon a file system that is an overlay itself there may be no other.
  ...["--storage-driver", isOverlay(folder) ? "vfs" : "overlay"],
];
const isolation = ["--isolation", "chroot"];
const base = "localhost/sonde-test-base";
const bridgeBase = "localhost/sonde-test-bridge-base";
const agentProgram = "/opt/sonde/node_modules/@sonde/agent/dist/sonde-agent.cjs";
const hostProgram = "/opt/sonde/node_modules/@sonde/host/dist/sonde.cjs";
const timeoutMilliseconds = 400_000;
const program = 'BEGIN { printf("a container on %d\\n", 6 * 7); exit(); }';
/** As docker/agent.Dockerfile names them. */
const leastCapabilities = ["BPF", "PERFMON", "DAC_READ_SEARCH", "SYS_PTRACE", "SYSLOG"].map(
  (name) => `--cap-add=CAP_${name}`,
);

function isOverlay(path: string): boolean {
  return statfsSync(path).type === 0x794c_7630;
}

function buildah(command: string, ...args: readonly string[]): string {
  return execFileSync("buildah", [...storage, command, ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** Programs of this machine's and the libraries they need, of Debian: nothing else. */
function buildBase(image: string, ...programs: readonly string[]): void {
  const rootfs = mkdtempSync(join(folder, "rootfs-"));
  const place = (path: string): void => {
    mkdirSync(join(rootfs, dirname(path)), { recursive: true });
    cpSync(realpathSync(path), join(rootfs, path));
  };
  for (const program of programs) {
    const libraries = execFileSync("ldd", [program], { encoding: "utf8" });
    for (const path of [program, ...(libraries.match(/\/\S+/g) ?? [])]) place(path);
    if (program.endsWith("/busybox")) symlinkSync("busybox", join(rootfs, dirname(program), "sh"));
  }
  for (const name of ["tmp", "dev", "etc", "proc", "sys"]) mkdirSync(join(rootfs, name));
  const container = buildah("from", "scratch");
  buildah("copy", "--quiet", container, rootfs, "/");
  buildah("config", "--env", `PATH=${dirname(process.execPath)}:/usr/bin:/bin`, container);
  buildah("commit", "--quiet", "--rm", container, image);
}

const compose = new ComposeFile(join(root, "docker/compose.yaml"), {
  SONDE_BRIDGE_BASE: bridgeBase,
  SONDE_HOST_BASE: base,
  SONDE_PROCESSOR: process.arch,
  SONDE_LINE: "rw,dev",
});

/** A container of the image. */
function buildImage(name: "agent" | "agent-node" | "host"): string {
  const isComposed = name !== "agent-node";
  const image = isComposed ? compose.imageOf(name) : "sonde-agent-node";
  const args = isComposed
    ? compose.buildArguments(name)
    : ["--build-arg", `BASE=${base}`, "-f", `docker/${name}.Dockerfile`, "-t", image, "."];
  buildah("build", "--quiet", ...isolation, ...args);
  // The engine's own filter lets only whoever has CAP_SYS_ADMIN call bpf(2); the others have it.
  const filter = name === "agent" ? ["--security-opt", "seccomp=unconfined"] : [];
  return buildah("from", ...filter, image);
}

function runIn(container: string, ...args: readonly string[]): string {
  const capabilities = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"].flatMap((one) => [
    "--cap-add",
    one,
  ]);
  return buildah("run", ...isolation, ...capabilities, container, "--", "node", ...args);
}

/** requiresFeature of nothing is a skip that asks for root. */
const buildahTest =
  process.getuid?.() === 0 ? requiresCommand("buildah", "buildah") : requiresFeature();

describe("the container images", () => {
  let agent = "";
  let host = "";
  buildahTest(
    "are built on a base of the builder's choice",
    () => {
      buildBase(base, process.execPath);
      agent = buildImage("agent-node");
      host = buildImage("host");
    },
    timeoutMilliseconds,
  );

  buildahTest(
    "that of the micro agent has one file, which traces",
    async () => {
      await buildMicroAgent();
      const container = buildImage("agent");
      const mounted = buildah("mount", container);
      expect(readdirSync(mounted)).toEqual(["sonde-agent"]);
      buildah("umount", container);
      const command = [...storage, "run", ...isolation, ...leastCapabilities, container];
      const target = `exec:buildah ${command.join(" ")} -- /sonde-agent --stdio`;
      const traced = await runSonde(["trace", "-t", target, "-e", program]);
      expect(traced.errors + traced.output).toContain("a container on 42");
    },
    timeoutMilliseconds,
  );

  buildahTest("that of Node's agent starts", () => {
    expect(runIn(agent, agentProgram, "--version")).toBe(`sonde-agent ${version}`);
  });

  buildahTest("the host's traces the machine it runs on with the agent in it", () => {
    expect(runIn(host, hostProgram, "trace", "-e", program)).toBe("a container on 42");
  });
});

const podmanTest =
  process.getuid?.() === 0
    ? requiresCommand("podman", "podman", "tracepoint", "ringbuf")
    : requiresFeature();

describe("docker/compose.yaml", () => {
  podmanTest(
    "traces over a serial line, with few capabilities and no network but that of host and bridge",
    async () => {
      buildBase(bridgeBase, "/bin/busybox", "/usr/bin/socat");
      buildah("build", "--quiet", ...isolation, ...compose.buildArguments("bridge"));
      const program = 'tracepoint:syscalls:sys_enter_openat { printf("over a line\\n"); exit(); }';
      const { capabilities, said } = await runComposed(["trace", "-e", program]);
      expect(said).toBe("over a line");
      // DAC_READ_SEARCH, SYS_PTRACE, SYSLOG, PERFMON and BPF.
      expect(capabilities).toBe("000000c400080004");
    },
    timeoutMilliseconds,
  );
});

/**
 * What the host of compose.yaml prints, and what the agent may do meanwhile. In a mount namespace, with only those control groups
 * that podman's crun takes: none of version 2 beside version 1.
 */
async function runComposed(
  command: readonly string[],
): Promise<{ capabilities: string; said: string }> {
  const podman = (...args: readonly string[]): string =>
    ["podman", ...storage, "--tmpdir", join(folder, "tmp"), ...args]
      .map((arg) => `'${arg.replaceAll("'", "'\\''")}'`)
      .join(" ");
  const settings = join(folder, "containers.conf");
  // podman's own are more than root may have where it lacks CAP_SYS_RESOURCE.
  writeFileSync(
    settings,
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n',
  );
  const script = [
    "set -e",
    "! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified",
    `end() { ${podman("rm", "--all", "--force", "--depend", "--time", "0")} >&2; }`,
    "trap end EXIT",
    ...compose.volumeArguments.map((args) => `${podman("volume", "create", ...args)} >&2`),
    ...compose.services
      .filter((name) => name !== "host")
      .map((name) => `${podman("run", "--detach", ...compose.runArguments(name))} >&2`),
    `pid=$(${podman("inspect", "--format", "{{.State.Pid}}", "agent")})`,
    "sed -n 's/^CapEff:\\s*//p' /proc/$pid/status",
    podman("run", "--rm", ...compose.runArguments("host", command)),
  ].join("\n");
  try {
    const output = execFileSync("unshare", ["--mount", "bash", "-c", script], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CONTAINERS_CONF: settings },
    });
    const [capabilities = "", ...said] = output.trimEnd().split("\n");
    return { capabilities, said: said.join("\n") };
  } finally {
    await until(removeControlGroups, 5000);
  }
}

/** What crun makes for podman's containers, and leaves: empty once the last of them has quite ended. */
function removeControlGroups(): boolean {
  const left = readdirSync("/sys/fs/cgroup")
    .map((name) => join("/sys/fs/cgroup", name, "libpod_parent"))
    .filter((path) => existsSync(path));
  for (const path of left.flatMap((one) => [join(one, "conmon"), one])) {
    try {
      rmdirSync(path);
    } catch {
      // Something runs in it yet, or it was gone.
    }
  }
  return left.length === 0;
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
