/**
 * Explains why TLS to Redis failed, and what to do about it.
 *
 * @module
 */
import type { OriginAddress } from "./address.ts";

/** Errors of rustls, which Deno uses, with their meaning here. */
const MEANINGS: readonly [said: RegExp, meaning: (address: OriginAddress) => string][] = [
  [/CaUsedAsEndEntity/, selfSigned],
  [
    /UnknownIssuer|BadSignature/,
    () => "no trusted authority signed the certificate of Redis; --redis-ca names one to trust",
  ],
  [
    /not valid for (any )?name/,
    () => "the certificate of Redis is for another name; --redis-server-name says which to expect",
  ],
  [/UnsupportedCertVersion/, () => "the certificate of Redis is of X.509 version 1, wanted 3"],
  [/InvalidContentType/, () => "Redis does not speak TLS on this port; redis:// does without"],
  [
    /CertificateRequired/,
    () => "Redis asks for a client certificate; --redis-cert and --redis-key name one",
  ],
];

/** Returns the error with its meaning in front, if it is known. */
export function explainTls(error: unknown, address: OriginAddress): Error {
  const { message } = error as Error;
  const meaning = MEANINGS.find(([said]) => said.test(message))?.[1](address);
  return meaning === undefined ? error as Error : new Error(`${meaning} (${message})`);
}

/**
 * `openssl req -x509` makes a certificate that may sign others. TLS here never accepts it as the
 * certificate of a server, even if it is trusted.
 */
function selfSigned({ host, tls }: OriginAddress): string {
  const name = tls?.serverName ?? host;
  const kind = /^[\d.]+$|:/.test(name) ? "IP" : "DNS";
  return "the certificate of Redis is marked as an authority; make one that is not: " +
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 " +
    `-keyout redis.key -out redis.crt -subj /CN=${name} ` +
    `-addext subjectAltName=${kind}:${name} -addext basicConstraints=critical,CA:FALSE`;
}
