/** What came from elsewhere, for a terminal: without the characters that it would obey, but for line ends and tabs. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, "\ufffd");
}
