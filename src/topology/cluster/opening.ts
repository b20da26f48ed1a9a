/**
 * Opens the links to the nodes of a cluster a few at a time, and tries those again that are lost.
 *
 * @module
 */
import type { Millis } from "../../core/types.ts";
import type { Link } from "../../origin/link.ts";

/** Links that are opened at once, and the pause between. */
const OPENED = 10;
const OPENING: Millis = 100;

/** How often one of the nodes that refuse keys is tried again. All together, not each. */
const RETRY: Millis = 100;

/** A node with a link to it. */
interface Linked {
  readonly link: Link;
}

export class Opening {
  #isClosed = false;
  #pause: Promise<unknown> = Promise.resolve();
  #opened = 0;
  #retrying: ReturnType<typeof setInterval> | undefined;
  /** Whose turn it is. */
  #turn = 0;

  /** @param nodes The nodes that there are. */
  constructor(readonly nodes: () => readonly Linked[]) {}

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#retrying);
  }

  /** Opens the link to a node, unless it is gone by then. */
  open(node: Linked): void {
    if (this.#opened++ % OPENED === OPENED - 1) {
      this.#pause = this.#pause.then(() => new Promise((next) => setTimeout(next, OPENING)));
    }
    this.#pause.then(() => {
      if (!this.#isClosed && this.nodes().includes(node)) node.link.open();
    });
  }

  /** If the cluster is back, all nodes are: tries some now. */
  retry(): void {
    this.#retry(OPENED, this.#lost);
  }

  /** Nodes that refuse keys, because the cluster is down, are tried again until none is left. */
  retrySoon(): void {
    if (this.#isClosed) return;
    this.#retrying ??= setInterval(() => {
      const lost = this.#lost;
      this.#retry(1, lost.filter(({ link: { loss } }) => loss.message.startsWith("CLUSTERDOWN ")));
      if (lost.length > 0) return;
      clearInterval(this.#retrying);
      this.#retrying = undefined;
    }, RETRY);
  }

  get #lost(): readonly Linked[] {
    return this.nodes().filter(({ link: { state } }) => state !== "up" && state !== "refused");
  }

  /** Tries some of these nodes again now, others the next time. */
  #retry(count: number, nodes: readonly Linked[]): void {
    for (let tried = 0; tried < Math.min(count, nodes.length); tried++) {
      nodes[this.#turn++ % nodes.length]!.link.retry();
    }
  }
}
