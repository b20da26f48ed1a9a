/**
 * Writes through the proxy, over every kind of lane. Each returns whether Redis has confirmed it;
 * if not, nobody knows whether it was executed.
 *
 * @module
 */
import type { RespClient } from "./clients.ts";

const SET = "return redis.call('set', KEYS[1], ARGV[1])";
const SET_UNDECLARED = "return redis.call('set', ARGV[1], ARGV[2])";

export type Write = (client: RespClient, key: string, value: string) => Promise<boolean>;

/** Ways that work with a cluster too, as all their keys are declared and have one slot. */
export const DECLARED_WAYS: readonly Write[] = [
  // Over the shared lane.
  async (client, key, value) => await client.run("SET", key, value) === "+OK",
  async (client, key, value) =>
    (await client.lines(4, ["MULTI"], ["SET", key, value], ["EXEC"])).at(-1) === "+OK",
  async (client, key, value) => await client.run("EVAL", SET, "1", key, value) === "+OK",
  // Over a private lane.
  async (client, key, value) => {
    if (await client.run("MULTI") !== "+OK") return false;
    if (await client.run("SET", key, value) !== "+QUEUED") return false;
    return (await client.lines(2, ["EXEC"])).at(-1) === "+OK";
  },
  async (client, key, value) => {
    if (await client.run("WATCH", key) !== "+OK") return false;
    if (await client.run("SET", key, value) !== "+OK") return false;
    return await client.run("UNWATCH") === "+OK";
  },
  // The client waits for a job that it has written together with the value.
  async (client, key, value) => {
    const queue = `queue of {${key}}`;
    const both = [["MULTI"], ["DEL", queue], ["SET", key, value], ["RPUSH", queue, "job"], [
      "EXEC",
    ]];
    const lines = await client.lines(8, ...both);
    if (lines.at(-1) !== ":1") return false;
    return (await client.lines(5, ["BLPOP", queue, "1"])).at(-1) === "job";
  },
];

export const WAYS: readonly Write[] = [
  ...DECLARED_WAYS,
  async (client, key, value) => await client.run("EVAL", SET_UNDECLARED, "0", key, value) === "+OK",
  async (client, key, value) => {
    if (await client.run("MULTI") !== "+OK") return false;
    if (await client.run("EVAL", SET_UNDECLARED, "0", key, value) !== "+QUEUED") return false;
    return (await client.lines(2, ["EXEC"])).at(-1) === "+OK";
  },
];
