/**
 * Has ioredis connect by `dial`, which knows our addresses and checks certificates safely.
 *
 * @module
 */
import type { OriginAddress } from "./address.ts";
import type { ConnStream } from "./conn_stream.ts";
import { dial } from "./dial.ts";

/** Returns the class that ioredis makes a connector of, one for each connection. */
export function connectorTo(address: OriginAddress) {
  return class Connector {
    #stream: ConnStream | null = null;
    #isEnded = false;
    #giveUp = () => {};

    /** Connects; rejects at once when `disconnect` comes before the connection. */
    connect(): Promise<ConnStream> {
      return new Promise((resolve, reject) => {
        this.#giveUp = () => reject(new Error("Connection is closed."));
        this.#open().then(resolve, reject);
      });
    }

    async #open(): Promise<ConnStream> {
      const { ConnStream } = await import("./ioredis.ts");
      const stream = this.#stream = new ConnStream(await dial(address), address);
      if (this.#isEnded) stream.destroy();
      return stream;
    }

    /** Ends the connection at once: what waits for an answer must fail now. */
    disconnect(): void {
      this.#isEnded = true;
      this.#giveUp();
      this.#stream?.destroy();
    }

    /** Whether a server is the one that was looked for, which only Sentinel asks. */
    check(): boolean {
      return true;
    }
  };
}
