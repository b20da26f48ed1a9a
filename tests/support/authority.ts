/**
 * A throwaway certificate authority, and certificates that it signs.
 *
 * @module
 */
import type { Certificate } from "./certificate.ts";
import { run } from "./serving.ts";

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function openssl(...args: string[]): Promise<void> {
  const { code, stderr } = await run("openssl", args);
  if (code !== 0) throw new Error(`Cannot run openssl ${args[0]}: ${stderr}`);
}

/** An authority with its files in a folder. */
export class Authority {
  private constructor(readonly folder: string, readonly files: Certificate) {}

  /** Makes an authority; `subject` is what its certificates name as their issuer. */
  static async make(folder: string, name: string, subject = "/CN=throwaway"): Promise<Authority> {
    const files = { cert: `${folder}/${name}.pem`, key: `${folder}/${name}.key` };
    const out = ["-keyout", files.key, "-out", files.cert, "-days", "2", "-subj", subject];
    await openssl("req", "-x509", ...NEW_KEY, ...out);
    return new Authority(folder, files);
  }

  /** Signs a certificate with these extensions. Without extensions, it is of X.509 version 1. */
  async sign(name: string, extensions: string[]): Promise<Certificate> {
    const at = `${this.folder}/${name}`;
    const files = { cert: `${at}.pem`, key: `${at}.key` };
    const out = ["-keyout", files.key, "-out", `${at}.csr`, "-subj", "/CN=localhost"];
    await openssl("req", ...NEW_KEY, ...out);
    await Deno.writeTextFile(`${at}.ext`, extensions.map((line) => `${line}\n`).join(""));
    await openssl(
      ...["x509", "-req", "-in", `${at}.csr`, "-out", files.cert, "-days", "2"],
      ...["-CA", this.files.cert, "-CAkey", this.files.key, "-CAcreateserial"],
      ...(extensions.length === 0 ? [] : ["-extfile", `${at}.ext`]),
    );
    return files;
  }
}
