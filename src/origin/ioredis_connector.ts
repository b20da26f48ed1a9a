/**
 * Makes ioredis connect with `dial`, which knows all kinds of addresses and checks certificates.
 *
 * @module
 */
import type { OriginAddress } from "./address.ts";
import type { ConnStream } from "./conn_stream.ts";
import { dial } from "./dial.ts";

/** Returns the class of which ioredis makes a connector for each connection. */
export function connectorTo(address: OriginAddress) {
  return class Connector {
    #stream: ConnStream | null = null;
    #isEnded = false;
    #giveUp = () => {};

    /** Connects. Rejects at once if `disconnect` is called before. */
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

    /** Ends the connection at once, because waiting commands must fail now. */
    disconnect(): void {
      this.#isEnded = true;
      this.#giveUp();
      this.#stream?.destroy();
    }

    /** Whether a server is the wanted one. Only Sentinel calls this. */
    check(): boolean {
      return true;
    }
  };
}
