/**
 * Servers, a proxy in front of them, and the faults that can happen to them.
 *
 * @module
 */
import type { RunningProxy } from "../support/proxy.ts";
import type { History } from "./history.ts";
import type { Write } from "./through.ts";

/** A client that goes straight to the servers. */
export interface Direct {
  /** Runs a write; returns whether it was executed, or false if nobody knows. */
  write(...command: string[]): Promise<boolean>;
  /** Reads a key. */
  get(key: string): Promise<string | null>;
  close(): void;
}

export interface Rig extends AsyncDisposable {
  readonly proxy: RunningProxy;
  /** The proxy's lease in milliseconds. */
  readonly lease: number;
  /** How clients can write through the proxy. */
  readonly ways: readonly Write[];
  /** The keys of the load; faults may need to know them. */
  keys: readonly string[];
  /** Keys that writers delete, and do not write again as long as they are here. */
  readonly resting: Set<string>;
  /** Ports of the servers that take writes now. */
  masters(): Promise<number[]>;
  direct(): Direct;
  /** Waits until the servers are as good as before a fault. */
  recovered(): Promise<void>;
}

/** A fault that lasts for a while. */
export interface Fault<R extends Rig = Rig> {
  readonly name: string;
  /** Whether writers must pause while it begins, because their writes may be lost. */
  readonly isLossy?: boolean;
  /** Whether keys may disappear meanwhile, because memory is short. */
  readonly isEvicting?: boolean;
  /** Whether it needs a connection of its own for invalidations. */
  readonly isOfRedirect?: boolean;
  /** Whether it needs a network of its own, for a firewall. */
  readonly isOfNetwork?: boolean;
  /** How long it lasts, in milliseconds; default: at random, up to twice the lease, and never too short to matter. */
  readonly duration?: number;
  /** Metrics of the proxy, of which at least one changes; without the prefix `redis_proxy_`. */
  readonly shows: readonly string[];
  begin(rig: R, history: History): Promise<void> | void;
  end?(rig: R, history: History): Promise<void> | void;
}

/** Something to soak: how it is started, and what can happen to it. */
export interface Place<R extends Rig = Rig> {
  /**
   * @param lease The proxy's lease in milliseconds.
   * @param args More arguments of the proxy.
   * @param program The server.
   */
  start(lease: number, args: readonly string[], program?: string): Promise<R>;
  readonly faults: readonly Fault<R>[];
  /** How old an answer may be during faults, in milliseconds. */
  bound(lease: number): number;
}
