import { agentPlaces } from "../session/agent-places.js";
import { quoteForShell } from "../session/board-shell.js";
import { ConnectError } from "../session/errors.js";
import { type Shell } from "./shell.js";

/** What must be known of a board before an agent can be put there. */
export interface BoardFacts {
  /** uname -s, -m and -r. */
  readonly system: string;
  readonly machine: string;
  readonly release: string;
  /** Programs that help, of those that are asked for. */
  readonly tools: ReadonlySet<string>;
  /** Undefined when there is none. */
  readonly node: BoardNode | undefined;
  /** Where an agent could go, the best place first. */
  readonly folders: readonly BoardFolder[];
}

export interface BoardNode {
  readonly path: string;
  /** "20.11.1" */
  readonly version: string;
  /** As Node names processors: "arm64". */
  readonly processor: string;
  readonly libc: "glibc" | "musl";
}

export interface BoardFolder {
  readonly path: string;
  /**
   * "fit": it can be made, or is one of ours. "foreign": there are other things, or another's. "closed": we may not write there.
   * "noexec": programs there cannot be run.
   */
  readonly state: "fit" | "foreign" | "closed" | "noexec";
  readonly freeKilobytes: number;
  /** What says of an agent that is there which it is; "" when none is. */
  readonly manifest: string;
}

/** The name of the file that tells our folders from others. */
export const manifestName = "manifest";

const askedTools = ["base64", "cksum", "gzip", "md5sum", "openssl", "sha256sum", "stty", "tar"];

/** Also where version managers put it: a command over ssh has a short PATH. */
const nodePlaces =
  '/usr/local/bin/node /opt/node*/bin/node "$HOME"/.local/bin/node "$HOME"/.nvm/versions/node/*/bin/node';

const describeNode =
  'process.version + " " + process.arch + " " + (fs.readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-") ? "musl" : "glibc")';

/** In words that busybox's ash has, in short lines: a console takes no long ones. */
function factsScript(folder: string | undefined): string {
  const folders = folder === undefined ? agentPlaces.join(" ") : quoteForShell(folder);
  return `
echo "system $(uname -s)"
echo "machine $(uname -m)"
echo "release $(uname -r)"
for t in ${askedTools.join(" ")}; do
command -v $t >/dev/null 2>&1 && echo "tool $t"
done
n=$(command -v node)
if [ -z "$n" ]; then
for n in ${nodePlaces}; do
[ -x "$n" ] && break
done
fi
if [ -x "$n" ]; then
v=$("$n" -p '${describeNode}' 2>/dev/null) && echo "node $v $n"
fi
for d in ${folders}; do
m=; s=fit; p="$d"
if [ -e "$d" ]; then
if [ -O "$d" ] && [ -f "$d/${manifestName}" ]; then
m=$(head -n 1 "$d/${manifestName}")
elif [ ! -O "$d" ] || [ -n "$(ls -A "$d" 2>/dev/null)" ]; then
s=foreign
fi
fi
while [ -n "$p" ] && [ ! -d "$p" ]; do p=\${p%/*}; done
[ -n "$p" ] || p=/
if [ $s = fit ]; then
f="$p/.sonde-trial-$$"
if mkdir "$f" 2>/dev/null; then
printf '#!/bin/sh\\nexit 0\\n' >"$f/t" && chmod 700 "$f/t"
"$f/t" 2>/dev/null || s=noexec
rm -rf "$f"
else
s=closed
fi
fi
k=$(df -Pk "$p" 2>/dev/null | (while read -r a b c k e; do x=$k; done; echo "$x"))
echo "folder $s \${k:-0} $d"
echo "manifest $m"
done`;
}

/** Asks a board what it is; with a folder about that alone, else about those where agents are put. Throws ConnectError. */
export async function askFacts(shell: Shell, folder: string | undefined): Promise<BoardFacts> {
  const { output } = await shell.run(factsScript(folder));
  const facts = parseFacts(output);
  if (facts.system !== "Linux") {
    throw new ConnectError(
      `${shell.name}: it runs ${facts.system || "no Linux"}, and agents run on Linux alone`,
    );
  }
  return facts;
}

/** Parses what the script prints: a word and what it is about, on each line. */
export function parseFacts(output: string): BoardFacts {
  const lines = output
    .split("\n")
    .map((line) => /^(\w+)(?: (.*))?$/.exec(line.trimEnd()))
    .filter((match) => match !== null)
    .map(([, word = "", rest = ""]) => ({ word, rest }));
  const first = (wanted: string): string => lines.find(({ word }) => word === wanted)?.rest ?? "";
  const manifests = lines.filter(({ word }) => word === "manifest").map(({ rest }) => rest);
  return {
    system: first("system"),
    machine: first("machine"),
    release: first("release"),
    tools: new Set(lines.filter(({ word }) => word === "tool").map(({ rest }) => rest)),
    node: parseNode(first("node")),
    folders: lines
      .filter(({ word }) => word === "folder")
      .flatMap(({ rest }, index) => parseFolder(rest, manifests[index] ?? "")),
  };
}

function parseNode(text: string): BoardNode | undefined {
  const match = /^v(\d+\.\d+\.\d+)\S* (\w+) (glibc|musl) (.+)$/.exec(text);
  if (match === null) return undefined;
  const [, version = "", processor = "", libc, path = ""] = match;
  return { path, version, processor, libc: libc === "musl" ? "musl" : "glibc" };
}

function parseFolder(text: string, manifest: string): readonly BoardFolder[] {
  const match = /^(fit|foreign|closed|noexec) (\d+) (\/.*)$/.exec(text);
  if (match === null) return [];
  const [, state, kilobytes = "", path = ""] = match;
  return [
    {
      path,
      // One of the words that the pattern has.
      state: state as BoardFolder["state"],
      freeKilobytes: Number(kilobytes),
      manifest: manifest.trim(),
    },
  ];
}
