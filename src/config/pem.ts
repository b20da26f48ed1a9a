/**
 * Checks PEM files at the start. TLS ignores blocks that it cannot read, and fails much later.
 * Source: RFC 7468.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { ConfigError } from "./error.ts";
import { type ReadFile, readText } from "./files.ts";

const CERTIFICATE = "CERTIFICATE";

/**
 * Returns the certificates of a file, as PEM.
 *
 * @param place The flag or variable that names the file.
 * @throws {ConfigError} When it contains no certificate in PEM, or a damaged one.
 */
export function readCertificates(place: string, path: string, readFile: ReadFile): string {
  const text = readText(place, path, readFile);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const found = faultOfCertificates(text, blocks);
  // TLS would ignore an indented block, so it gets each block without indentation.
  if (found === null) return blocks.map(straighten).join("");
  throw new ConfigError(`Cannot use "${path}" for ${place}: wanted a PEM certificate, ${found}`);
}

/**
 * Returns the text of a file with a private key.
 *
 * @throws {ConfigError} When it contains no private key, or an encrypted one.
 */
export function readPrivateKey(place: string, path: string, readFile: ReadFile): string {
  const text = readText(place, path, readFile);
  const labels = labelsOf(text);
  if (labels.some((label) => /^((RSA|EC) )?PRIVATE KEY$/.test(label))) return text;
  const found = labels.includes("ENCRYPTED PRIVATE KEY")
    ? `found an encrypted one, which "openssl pkey -in ${path} -out plain.key" decrypts`
    : faultOf(text, labels);
  throw new ConfigError(`Cannot use "${path}" for ${place}: wanted a PEM private key, ${found}`);
}

/** Returns what is wrong with the text of certificates; null if nothing is. */
function faultOfCertificates(text: string, blocks: readonly string[]): string | null {
  const labels = labelsOf(text);
  if (!labels.includes(CERTIFICATE)) return faultOf(text, labels);
  if (blocks.length < labels.filter((label) => label === CERTIFICATE).length) {
    return "found one that is cut off";
  }
  const isWell = blocks.map(straighten).every(isCertificate);
  return isWell ? null : "found one that cannot be decoded";
}

/** A block with nothing but its lines. */
function straighten(block: string): string {
  return `${block.split("\n").map((line) => line.trim()).join("\n")}\n`;
}

function isCertificate(block: string): boolean {
  try {
    new X509Certificate(block);
    return true;
  } catch {
    return false;
  }
}

/** Names what a file contains instead. */
function faultOf(text: string, labels: readonly string[]): string {
  if (text.trim() === "") return "found an empty file";
  const label = labels[0];
  if (label !== undefined) {
    return `found a ${label.replace(/^(EC|RSA|ENCRYPTED) /, "").toLowerCase()}`;
  }
  // A DER file starts with the tag of a sequence and a length of two bytes.
  return /^0[^\x20-\x7e]/.test(text)
    ? 'found binary data; "openssl x509 -inform der -in FILE" converts a certificate in DER'
    : "found other text";
}

/** Returns the label of each block of a PEM text, complete or not. */
function labelsOf(text: string): string[] {
  return Array.from(text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g), ([, label]) => label!);
}
