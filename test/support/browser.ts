import { afterAll } from "@jest/globals";
import { type Browser, chromium, type Page } from "playwright-core";

let browser: Browser | undefined;

afterAll(async () => {
  await browser?.close();
});

/** Opens a page in the Chromium that Debian packages; what the page complains about is gathered in `complaints`. */
export async function openPage(
  file: string,
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  browser ??= await chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Root has no sandbox; no page of the net is opened.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  const context = await browser.newContext({ reducedMotion: "reduce", offline: true });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`file://${file}`);
  return { page, complaints };
}
