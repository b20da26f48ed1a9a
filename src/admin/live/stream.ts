/**
 * The stream of snapshots to a browser, as server-sent events: one a second, for as long as the page
 * is open. Source: WHATWG HTML, section 9.2.
 *
 * @module
 */
import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
import type { ClientEnd, ClientRequest } from "../../server/protocol.ts";
import { TAKE_OVER } from "../../server/protocol.ts";
import type { Millis } from "../../core/types.ts";
import { type LiveSources, Snapshots } from "./snapshot.ts";

const PERIOD: Millis = 1000;

/** The most streams: the admin port must have room for others. */
const MOST_STREAMS = 8;

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n" +
  "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";

/** All streams of a proxy. */
export class LiveStreams {
  #open = 0;

  constructor(readonly sources: LiveSources) {}

  /** Opens a stream; null if too many are open. */
  open(): LiveStream | null {
    if (this.#open >= MOST_STREAMS) return null;
    this.#open++;
    return new LiveStream(this.sources, () => this.#open--);
  }
}

/** A request that is answered until its client leaves. */
export class LiveStream implements ClientRequest {
  readonly last = true;

  constructor(readonly sources: LiveSources, readonly onEnd: () => void) {}

  read(): Promise<never> {
    return TAKE_OVER;
  }

  reply(): void {}

  async takeOver(client: ClientEnd): Promise<undefined> {
    let isOver = false;
    let wake = () => {};
    const end = () => {
      isOver = true;
      wake();
    };
    // A new promise for each wait: one for all would keep each wait in memory until the end.
    const ended = () => new Promise<void>((resolve) => isOver ? resolve() : wake = resolve);
    client.onFinish = end;
    // A browser sends nothing more: the next bytes are its end.
    client.receive().then(end, end);
    const events = new ServerSentEventStream();
    const [writer, reader] = [events.writable.getWriter(), events.readable.getReader()];
    const snapshots = new Snapshots(this.sources);
    await client.write(new TextEncoder().encode(HEAD));
    while (!isOver) {
      const written = writer.write({ data: JSON.stringify(snapshots.next()) });
      const { value } = await reader.read();
      await written;
      // A browser that reads nothing must not hold the loop.
      await Promise.race([client.write(value!), ended()]);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, PERIOD)), ended()]);
    }
    this.onEnd();
    client.close();
  }
}
