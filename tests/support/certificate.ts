/**
 * Temporary certificates for localhost.
 *
 * @module
 */
import { run } from "./serving.ts";

/** Files of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a self-signed certificate, as `NAME.pem` and `NAME.key` in a folder. */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const files = { cert: `${folder}/${name}.pem`, key: `${folder}/${name}.key` };
  const { code, stderr } = await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-subj", "/CN=localhost", "-keyout", files.key, "-out", files.cert],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  return files;
}
