import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { faultMessage } from '../model/fault-message.ts';
import type { Report } from '../model/report.ts';
import type { TlsIdentity } from '../pipeline/ports.ts';

/** A certificate out of files, and what ends the watch over them. */
export interface FileTls {
  readonly identity: TlsIdentity;
  readonly close: () => void;
}

const lookEveryMs = 5_000;

/**
 * Reads certificate and key, and reads them again when a file changes, as certificate agents renew them. A pair that does
 * not fit is told and not taken into use. Throws when the first pair cannot be used.
 */
export function fileTls(certificateFile: string, keyFile: string, report: Report): FileTls {
  const files = [certificateFile, keyFile];
  let material = readPair(certificateFile, keyFile);
  const listeners = new Set<() => void>();
  const look = (): void => {
    try {
      material = readPair(certificateFile, keyFile);
      for (const listener of listeners) listener();
      report('certificate renewed', { file: certificateFile });
    } catch (fault) {
      report('the new certificate cannot be used', { file: certificateFile, fault: faultMessage(fault) });
    }
  };
  for (const file of files) watchFile(file, { interval: lookEveryMs, persistent: false }, look);
  return {
    identity: {
      material: () => material,
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    close: () => {
      for (const file of files) unwatchFile(file, look);
    },
  };
}

function readPair(certificateFile: string, keyFile: string): ReturnType<TlsIdentity['material']> {
  const certificate = readFileSync(certificateFile, 'utf8');
  const key = readFileSync(keyFile, 'utf8');
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`the key in \`${keyFile}\` is not that of the certificate in \`${certificateFile}\``);
  }
  return { certificate, key };
}
