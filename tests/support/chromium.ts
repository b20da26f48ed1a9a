/**
 * A headless Chromium (Debian package chromium), driven over its DevTools protocol.
 *
 * @module
 */
import { hasProgram, Program } from "./program.ts";
import { until } from "./serving.ts";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  ...["--no-first-run", "--remote-debugging-port=0", "--disable-dev-shm-usage"],
];

export function hasChromium(): boolean {
  return hasProgram("chromium");
}

/** A page of a browser of its own. */
export class Browser implements AsyncDisposable {
  #id = 0;
  #session = "";
  readonly #waiting = new Map<number, (message: Record<string, unknown>) => void>();
  /** Messages of the console, and errors. */
  readonly complaints: string[] = [];

  private constructor(
    readonly program: Program,
    readonly socket: WebSocket,
    readonly folder: string,
  ) {
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
  }

  static async open(): Promise<Browser> {
    const folder = await Deno.makeTempDir({ prefix: "redis-proxy-chromium-" });
    const program = new Program("chromium", [...FLAGS, `--user-data-dir=${folder}`, "about:blank"]);
    await until(() => program.output.includes("DevTools listening on"), 20_000);
    const [, url] = /DevTools listening on (ws:\S+)/.exec(program.output)!;
    const socket = new WebSocket(url!);
    await new Promise((resolve) => socket.onopen = resolve);
    const browser = new Browser(program, socket, folder);
    const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.call("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log"]) await browser.call(`${domain}.enable`);
    return browser;
  }

  async call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    this.socket.send(JSON.stringify({ id, method, params, ...session }));
    const message = await new Promise<Record<string, unknown>>((resolve) =>
      this.#waiting.set(id, resolve)
    );
    if (message.error !== undefined) {
      throw new Error(`${method}: ${JSON.stringify(message.error)}`);
    }
    return message.result as Record<string, unknown>;
  }

  async goTo(url: string): Promise<void> {
    await this.call("Page.navigate", { url });
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result } = await this.call("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { value: T }).value;
  }

  /** The text of an element. */
  textOf(id: string): Promise<string> {
    return this.evaluate(`document.getElementById(${JSON.stringify(id)})?.textContent ?? ""`);
  }

  async press(key: string, code = key): Promise<void> {
    const keyCode = { Tab: 9, Enter: 13 }[key] ?? 0;
    const common = { key, code, windowsVirtualKeyCode: keyCode };
    const text = key === "Enter" ? { text: "\r" } : {};
    await this.call("Input.dispatchKeyEvent", { type: "keyDown", ...common, ...text });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }

  /** Sets the size of the window, and the scheme of colours. */
  async dress(width: number, height: number, scheme: "light" | "dark"): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: 1, mobile: width < 600 },
    });
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.call("Emulation.setEmulatedMedia", { features });
  }

  /** A picture of the whole page (PNG). */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.call("Page.captureScreenshot", {
      ...{ format: "png", captureBeyondViewport: true },
    });
    return Uint8Array.from(atob(data as string), (unit) => unit.charCodeAt(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.socket.onclose = resolve);
    this.#session = "";
    this.call("Browser.close").catch(() => {});
    await closed;
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  #take(message: Record<string, unknown>): void {
    const waiting = this.#waiting.get(message.id as number);
    this.#waiting.delete(message.id as number);
    waiting?.(message);
    const { method, params } = message as { method?: string; params?: Record<string, unknown> };
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
      this.complaints.push(JSON.stringify(params));
    }
  }
}
