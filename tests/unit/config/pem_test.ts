import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../src/config/error.ts";
import { readCertificates, readPrivateKey } from "../../../src/config/pem.ts";

/** Made by `openssl req -x509 -newkey ed25519 -nodes -subj /CN=test`. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBNDCB56ADAgECAhQ89dEwde9CSGtfncRraWOMCHO+aDAFBgMrZXAwDzENMAsG
A1UEAwwEdGVzdDAgFw0yNjExMjYwMTEzMjhaGA8yMTI2MTEwMjAxMTMyOFowDzEN
MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhADKFEWGDgh95tw++wvta8hCNQP+LCtDm
OtzsCZY9x3nBo1MwUTAdBgNVHQ4EFgQUIRDiJu/KWon7+sTcc2JtTJocLg8wHwYD
VR0jBBgwFoAUIRDiJu/KWon7+sTcc2JtTJocLg8wDwYDVR0TAQH/BAUwAwEB/zAF
BgMrZXADQQBwnS1Rjz16KUVFsUSrJbyhZ3U4sX0WeyUrF3DFcqfU1F/iwVhhmQd+
IR5uycwX86THGOjrCMV/b3iYpqI5UvEE
-----END CERTIFICATE-----
`;
const KEY = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n";

const certificates = (text: string) => readCertificates("--redis-ca", "/f", () => text);

function refusal(read: () => unknown): string {
  const { message } = assertThrows(read, ConfigError);
  return message.replace(/^Cannot use "\/f" for --\S+: wanted a PEM /, "");
}

Deno.test("readCertificates() returns only the certificates of a file", () => {
  assertEquals(certificates(CERTIFICATE), CERTIFICATE);
  assertEquals(
    certificates(`Subject: CN=test\n${CERTIFICATE}${KEY}\n${CERTIFICATE}`),
    CERTIFICATE.repeat(2),
  );
});

Deno.test("readCertificates() accepts indented certificates, and line breaks of other systems", () => {
  const indented = CERTIFICATE.replace(/^/gm, "    ");
  for (const text of [indented, CERTIFICATE.replaceAll("\n", "\r\n"), `\ufeff${CERTIFICATE}`]) {
    assertEquals(certificates(text), CERTIFICATE);
  }
});

Deno.test("readCertificates() names what a file contains instead", () => {
  const table: [text: string, found: string][] = [
    ["", "an empty file"],
    ["\n \n", "an empty file"],
    ["hello", "other text"],
    [KEY, "a private key"],
    [KEY.replaceAll("PRIVATE", "EC PRIVATE"), "a private key"],
    [CERTIFICATE.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST"), "a certificate request"],
    [CERTIFICATE.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"), "a trusted certificate"],
    [CERTIFICATE.slice(0, -10), "one that is cut off"],
    [CERTIFICATE + CERTIFICATE.slice(0, 80), "one that is cut off"],
    [CERTIFICATE.replace("MII", "AAA"), "one that cannot be decoded"],
    [CERTIFICATE.replace("\n", "\n!"), "one that cannot be decoded"],
    [
      "0\x82\x01\x02abc",
      'binary data; "openssl x509 -inform der -in FILE" converts a certificate in DER',
    ],
  ];
  for (const [text, found] of table) {
    assertEquals(refusal(() => certificates(text)), `certificate, found ${found}`);
  }
});

Deno.test("readPrivateKey() accepts any kind of key, and names what a file contains instead", () => {
  const key = (text: string) => readPrivateKey("--redis-key", "/f", () => text);
  const parameters = "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n";
  const ec = parameters + KEY.replaceAll("PRIVATE", "EC PRIVATE");
  for (const text of [KEY, ec, KEY.replaceAll("PRIVATE", "RSA PRIVATE"), CERTIFICATE + KEY]) {
    assertEquals(key(text), text);
  }
  assertEquals(refusal(() => key(CERTIFICATE)), "private key, found a certificate");
  assertEquals(refusal(() => key("")), "private key, found an empty file");
  assertEquals(
    refusal(() => key(KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"))),
    'private key, found an encrypted one, which "openssl pkey -in /f -out plain.key" decrypts',
  );
});
