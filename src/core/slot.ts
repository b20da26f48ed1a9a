/**
 * Slots: a cluster gives each key to one of 16384 slots, and each slot to a node.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 *
 * @module
 */
import type { Key } from "./types.ts";

/** The number of slots. */
export const SLOTS = 16384;

/** CRC-16/XMODEM of each byte: polynomial 0x1021, most significant bit first. */
const CRC = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  CRC[byte] = crc;
}

const OPEN = "{".charCodeAt(0);

/** The slot of a key. If it has a tag in braces that is not empty, only the tag counts. */
export function slotOf(key: Key): number {
  let crc = 0;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code === OPEN) {
      const close = key.indexOf("}", at + 1);
      return close > at + 1 ? crcOf(key, at + 1, close) % SLOTS : crcOf(key, 0, key.length) % SLOTS;
    }
    crc = ((crc << 8) & 0xffff) ^ CRC[(crc >> 8) ^ code]!;
  }
  return crc % SLOTS;
}

function crcOf(key: Key, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at++) {
    crc = ((crc << 8) & 0xffff) ^ CRC[(crc >> 8) ^ key.charCodeAt(at)]!;
  }
  return crc;
}
