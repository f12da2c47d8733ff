/** A page of one file: works offline, and can be sent by mail. */
export interface Page {
  readonly title: string;
  /** JavaScript that draws the data, as it was built. */
  readonly script: string;
  /** What `JSON.parse` of the element #data's text will give. */
  readonly data: unknown;
}

export function formatPage({ title, script, data }: Page): string {
  // "<" in JSON only stands in strings, where it may be written otherwise: nothing in them ends the element.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const code = script.replaceAll("</script", "<\\/script");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
</head>
<body>
<script id="data" type="application/json">${json}</script>
<script>${code}</script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
