import { quoteForShell } from "../session/board-shell.js";
import { ConnectError } from "../session/errors.js";
import { type ByteText } from "./byte-text.js";
import { type ConsoleTalk } from "./console-talk.js";
import { type SendOptions, type ShellResult } from "./shell.js";

/** Lines that are under way at once: the board decodes one while the next comes. Together they fit into a terminal's buffer. */
const windowLines = 4;
const answerMilliseconds = 1500;
const faultLimit = 50;

export interface Delivery extends SendOptions {
  readonly bytes: Uint8Array;
  /** Takes the bytes in, from its standard input. */
  readonly script: string;
}

/**
 * Sends bytes over a console in small numbered pieces, each with a checksum, and goes on where an earlier try was cut: what has
 * come stays in the spool until all is there.
 */
export async function sendToConsole(
  shell: ConsoleTalk,
  way: ByteText,
  delivery: Delivery,
): Promise<ShellResult> {
  const { bytes, script, spool, signal } = delivery;
  const file = `${spool}/${shell.checksum.of(bytes)}`;
  const first = await openSpool(shell, way, spool, file, bytes);
  await sendPieces(shell, way, first, delivery);
  const sum = await shell.ask((id) => `M ${id} $(S < "$p")`);
  if (sum !== shell.checksum.of(bytes)) throw shell.damaged();
  signal?.throwIfAborted();
  return await shell.run(
    `( ${script} ) < ${quoteForShell(file)}; c=$?; rm -rf ${quoteForShell(spool)}; exit $c`,
  );
}

/** Makes the file for the pieces, and gives the number of those that are there. */
async function openSpool(
  shell: ConsoleTalk,
  { pieceSizeBytes }: ByteText,
  spool: string,
  file: string,
  bytes: Uint8Array,
): Promise<number> {
  const d = quoteForShell(spool);
  const p = quoteForShell(file);
  const parent = quoteForShell(spool.replace(/\/[^/]+$/, "") || "/");
  // Whole pieces alone; a folder that another could have made is not trusted.
  const { code, output } = await shell.run(`
umask 077
if [ -L ${d} ] || [ ! -O ${d} ]; then
rm -rf ${d}
mkdir -p ${parent} && mkdir ${d} || exit 1
fi
w=0
[ -f ${p} ] && w=$(wc -c <${p})
w=$((w / ${pieceSizeBytes}))
dd if=${p} of=${p}.cut bs=${pieceSizeBytes} count=$w 2>/dev/null && mv ${p}.cut ${p} || : >${p}
echo "$w $(${shell.checksum.tool} <${p})"`);
  if (code !== 0) throw new ConnectError(`${shell.name}: make ${spool}: ${output.trim()}`);
  const [count = "", sum] = (output.trim().split("\n").at(-1) ?? "").split(/\s+/);
  const present = bytes.subarray(0, Number(count) * pieceSizeBytes);
  const isOurs = sum === shell.checksum.of(present);
  const first = isOurs ? Number(count) : 0;
  await shell.ask((id) => `umask 077; p=${p}; i=${first}; ${isOurs ? "" : ': >"$p"; '}M ${id}`);
  return first;
}

async function sendPieces(
  shell: ConsoleTalk,
  { pieceSizeBytes, encode }: ByteText,
  first: number,
  { bytes, onSent, signal }: Delivery,
): Promise<void> {
  const count = Math.ceil(bytes.length / pieceSizeBytes);
  const lineOf = (index: number): string => {
    const piece = bytes.subarray(index * pieceSizeBytes, (index + 1) * pieceSizeBytes);
    return `W ${index} '${encode(piece)}'`;
  };
  // It takes the piece that is wanted alone, and says each time which that is.
  const define = 'W() { [ "$1" = $i ] && D "$2" >>"$p" && i=$((i+1)); M at $i; }';
  await shell.ask((id) => `${define}; M ${id}`);
  const patience = answerMilliseconds + windowLines * shell.lineMilliseconds;
  let wanted = first;
  let next = first;
  let unanswered = 0;
  let faults = 0;
  while (wanted < count) {
    signal?.throwIfAborted();
    // After a fault the lines that are under way are all refused: then it begins again with the one that is wanted.
    if (unanswered === 0) next = wanted;
    for (; next < Math.min(wanted + windowLines, count); next++, unanswered++) {
      shell.write(lineOf(next));
    }
    const answer = await shell.answer("at", patience);
    unanswered = answer === undefined ? 0 : unanswered - 1;
    // No answer, or another's: the shell says which piece is wanted.
    const at = Number(answer ?? (await shell.ask((id) => `M ${id} $i`)));
    if (at > wanted && at <= next) {
      wanted = at;
      faults = 0;
      onSent(Math.min(wanted * pieceSizeBytes, bytes.length));
    } else if (++faults > faultLimit) {
      throw shell.damaged();
    }
  }
}
