import { agentPlaces } from "../session/agent-places.js";
import { gzipSync } from "node:zlib";
import { quoteForShell } from "../session/board-shell.js";
import { ConnectError } from "../session/errors.js";
import { type Checksum, chooseChecksum } from "./checksum.js";
import { askFacts, type BoardFacts, type BoardFolder, manifestName } from "./facts.js";
import { choosePayload, type Payload } from "./payload.js";
import { type Shell, type ShellResult } from "./shell.js";
import { createTar } from "./tar.js";

export interface PushOptions {
  /** Where it shall go; undefined: the first place that will do. */
  readonly folder: string | undefined;
  /** Hears how many bytes of how many have gone. */
  readonly onProgress: (sentBytes: number, totalBytes: number) => void;
  /** When it aborts, what has come is removed. */
  readonly signal?: AbortSignal | undefined;
}

export interface PushedAgent {
  readonly name: string;
  readonly folder: string;
  /** The agent's path on the board. */
  readonly program: string;
  /** False: the same one was there already. */
  readonly isNew: boolean;
  readonly sentBytes: number;
}

/** Room beside the files: for folders, and so that the board is not left with none. */
const spareKilobytes = 256;

/**
 * Puts the agent for a board there, unless it is there. Throws ConnectError, and the signal's reason; nothing of it is left then,
 * but for what a console's line has carried before it was cut.
 */
export async function pushAgent(shell: Shell, options: PushOptions): Promise<PushedAgent> {
  const { signal } = options;
  signal?.throwIfAborted();
  const facts = await askFacts(shell, options.folder);
  const payload = choosePayload(shell.name, facts);
  const checksum = requireChecksum(shell, facts);
  const there = facts.folders.find(({ manifest }) => manifest === payload.id);
  if (there !== undefined && (await isWhole(shell, there.path, payload, checksum))) {
    return pushed(payload, there.path, 0);
  }
  const folder = chooseFolder(shell, facts, payload);
  const next = `${folder}.new`;
  try {
    const parcels = pack(next, payload, facts);
    const sentBytes = await unpack(shell, folder, parcels, options);
    if (!(await isWhole(shell, next, payload, checksum))) {
      throw new ConnectError(`${shell.name}: what came to ${next} is not what was sent`, {
        hint: "push once more; if that does not help, the board's memory or storage is failing",
      });
    }
    signal?.throwIfAborted();
    await settle(shell, next, folder);
    return pushed(payload, folder, sentBytes);
  } catch (error) {
    const leftovers = signal?.aborted === true ? [next, spoolOf(folder)] : [next];
    // When the board is not reached any more there is nothing that could be done.
    await shell.run(`rm -rf ${leftovers.map(quoteForShell).join(" ")}`).catch(() => undefined);
    throw error;
  }
}

/** Removes agents that were pushed: from one folder, or from all places where they are put. Gives the folders. Throws ConnectError. */
export async function removeAgent(
  shell: Shell,
  folder: string | undefined,
): Promise<readonly string[]> {
  const places = folder === undefined ? agentPlaces.join(" ") : quoteForShell(folder);
  const { code, output, errors } = await shell.run(`
for d in ${places}; do
for f in "$d" "$d.new" "$d.part"; do
if [ -O "$f" ] && { [ -f "$f/${manifestName}" ] || [ "$f" != "$d" ]; }; then
rm -rf "$f" && echo "$f" || exit 1
fi
done
done
rmdir "$HOME/.cache" 2>/dev/null
exit 0`);
  if (code !== 0) throw refused(shell, "remove the agent", { code, output, errors });
  return output.split("\n").filter((line) => line.startsWith("/"));
}

function pushed(payload: Payload, folder: string, sentBytes: number): PushedAgent {
  const program = `${folder}/sonde-agent`;
  return { name: payload.name, folder, program, isNew: sentBytes > 0, sentBytes };
}

function requireChecksum(shell: Shell, { tools }: BoardFacts): Checksum {
  const checksum = chooseChecksum(tools);
  if (checksum !== undefined) return checksum;
  throw new ConnectError(`${shell.name}: nothing there can tell whether a file came whole`, {
    hint: "one of sha256sum, md5sum and cksum is needed on the board",
  });
}

function chooseFolder(shell: Shell, { folders }: BoardFacts, payload: Payload): string {
  const sizeBytes = payload.files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const neededKilobytes = Math.ceil(sizeBytes / 1024) + spareKilobytes;
  const chosen = folders.find(
    ({ state, freeKilobytes }) => state === "fit" && freeKilobytes >= neededKilobytes,
  );
  if (chosen !== undefined) return chosen.path;
  const reasons = folders.map((folder) => `${folder.path}: ${describeFault(folder)}`);
  throw new ConnectError(
    `${shell.name}: there is no place for an agent of ${neededKilobytes} kB (${reasons.join("; ")})`,
    { hint: "name a folder that can be written to, of which programs can be run: --dir FOLDER" },
  );
}

function describeFault({ state, freeKilobytes }: BoardFolder): string {
  switch (state) {
    case "fit":
      return `${freeKilobytes} kB free`;
    case "foreign":
      return "there is something else";
    case "closed":
      return "cannot be written to";
    case "noexec":
      return "programs there cannot be run";
  }
}

/** Gives how many bytes were sent. */
async function unpack(
  shell: Shell,
  folder: string,
  parcels: readonly Parcel[],
  { onProgress, signal }: PushOptions,
): Promise<number> {
  const totalBytes = parcels.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let sentBytes = 0;
  for (const { bytes, script } of parcels) {
    const before = sentBytes;
    const onSent = (sent: number): void => {
      onProgress(before + sent, totalBytes);
    };
    const result = await shell.send(bytes, script, { onSent, signal, spool: spoolOf(folder) });
    if (result.code !== 0) throw refused(shell, `unpack the agent in ${folder}`, result);
    sentBytes += bytes.length;
  }
  return totalBytes;
}

function spoolOf(folder: string): string {
  return `${folder}.part`;
}

/** Something to send, and the script that takes it in. */
interface Parcel {
  readonly bytes: Uint8Array;
  readonly script: string;
}

/** One compressed archive where the board can unpack it, else file by file: every shell has cat. */
function pack(folder: string, { id, files }: Payload, { tools }: BoardFacts): readonly Parcel[] {
  const d = quoteForShell(folder);
  const parent = quoteForShell(folder.replace(/\/[^/]+$/, "") || "/");
  // Its last part is made anew, or it fails: anyone can make a folder in /tmp.
  const prepare = `umask 077; rm -rf ${d} && mkdir -p ${parent} && mkdir ${d}`;
  const manifest = { name: manifestName, mode: 0o600, bytes: Buffer.from(`${id}\n`) };
  const all = [...files, manifest];
  if (tools.has("tar")) {
    const tar = createTar(all);
    return tools.has("gzip")
      ? [{ bytes: gzipSync(tar), script: `${prepare} && gzip -dc | tar xf - -C ${d}` }]
      : [{ bytes: tar, script: `${prepare} && tar xf - -C ${d}` }];
  }
  return all.map(({ name, mode, bytes }, index) => {
    const file = `${d}/${name}`;
    const take = `cat > ${file} && chmod ${mode.toString(8)} ${file}`;
    return { bytes, script: index === 0 ? `${prepare} && ${take}` : take };
  });
}

async function isWhole(
  shell: Shell,
  folder: string,
  { files }: Payload,
  checksum: Checksum,
): Promise<boolean> {
  const names = files.map(({ name }) => name).join(" ");
  const { output } = await shell.run(
    `cd ${quoteForShell(folder)} && for f in ${names}; do ${checksum.tool} < "$f"; done`,
  );
  const sums = output.split("\n").map((line) => line.trim().split(/\s/)[0]);
  return files.every(({ bytes }, index) => sums[index] === checksum.of(bytes));
}

/** Tries the agent, and gives it its place. */
async function settle(shell: Shell, next: string, folder: string): Promise<void> {
  const [n, d] = [next, folder].map(quoteForShell);
  // With an output of its own, which it may close.
  const trial = await shell.run(`
o=$(${n}/sonde-agent --stdio </dev/null 2>&1)
c=$?
echo "$o"
exit $c`);
  if (trial.code !== 0) throw refused(shell, "start the agent that was put there", trial);
  const moved = await shell.run(`rm -rf ${d} && mv ${n} ${d} && [ -O ${d} ]`);
  if (moved.code !== 0) throw refused(shell, `rename ${next} to ${folder}`, moved);
}

function refused(shell: Shell, what: string, { code, output, errors }: ShellResult): ConnectError {
  const said = `${output}${errors}`.trim();
  return new ConnectError(`${shell.name}: ${what}: ${said === "" ? `exit code ${code}` : said}`);
}
