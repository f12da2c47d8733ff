/** How text is set off on a terminal; as it is elsewhere. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly unsure: (text: string) => string;
  readonly heading: (text: string) => string;
}

const plain = (text: string): string => text;

/** ECMA-48, select graphic rendition. */
const sgr =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;

/** Colours on a terminal, unless $NO_COLOR says otherwise (no-color.org). */
export function styleFor(
  output: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const { NO_COLOR: none, TERM: terminal } = environment;
  const isColoured =
    output.isTTY === true && (none === undefined || none === "") && terminal !== "dumb";
  return isColoured
    ? { good: sgr(32), bad: sgr(31), unsure: sgr(33), heading: sgr(1) }
    : { good: plain, bad: plain, unsure: plain, heading: plain };
}
