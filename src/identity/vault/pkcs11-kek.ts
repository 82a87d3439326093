import { hash, randomBytes } from 'node:crypto';
import type { Mechanism, PKCS11 } from 'pkcs11js';
import { faultMessage } from '../../model/fault-message.ts';
import type { KeyEncryptionKey } from './kek.ts';

/** A secret AES key in a PKCS#11 token. */
export interface Pkcs11Settings {
  /** The module's library, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string;
  /** The label of the token. */
  readonly token: string;
  readonly pin: string;
  readonly keyLabel: string;
}

/** A key that never leaves its token. `close` ends the session. */
export interface Pkcs11Kek extends KeyEncryptionKey {
  readonly close: () => void;
}

type Library = typeof import('pkcs11js');

const nonceBytes = 12;
const tagBits = 128;
/** Room for a data key, its tag, and what a module adds. */
const mostBytes = 1_024;

/**
 * Opens a key of a PKCS#11 token, which wraps by CKM_AES_GCM (PKCS#11 3.0 section 2.12.3). Rejects, with the mend, when
 * the optional package `pkcs11js`, the module, the token or the key is missing.
 */
export async function openPkcs11Kek(settings: Pkcs11Settings): Promise<Pkcs11Kek> {
  const library = await loadLibrary();
  const pkcs11 = new library.PKCS11();
  try {
    pkcs11.load(settings.module);
    pkcs11.C_Initialize();
  } catch (cause) {
    throw new Error(`PKCS#11 module \`${settings.module}\`: ${faultMessage(cause)}`, { cause });
  }
  try {
    return kekIn(library, pkcs11, settings);
  } catch (fault) {
    pkcs11.C_Finalize();
    throw fault;
  }
}

async function loadLibrary(): Promise<Library> {
  try {
    const loaded: Library & { readonly default?: Library } = await import('pkcs11js');
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new Error(
      '`vault.kek: pkcs11` needs the package `pkcs11js`, which is not installed: run `npm install pkcs11js` beside ' +
        'bartizan (it builds a native addon), or use `vault.kek: file`',
      { cause },
    );
  }
}

function kekIn(library: Library, pkcs11: PKCS11, settings: Pkcs11Settings): Pkcs11Kek {
  const session = openSession(library, pkcs11, settings);
  const key = findKey(library, pkcs11, session, settings);
  return {
    id: `pkcs11:${hash('sha256', JSON.stringify([settings.token, settings.keyLabel])).slice(0, 16)}`,
    wrap: async (dek, aad) => {
      const iv = randomBytes(nonceBytes);
      pkcs11.C_EncryptInit(session, gcm(library, iv, aad), key);
      return Buffer.concat([iv, pkcs11.C_Encrypt(session, Buffer.from(dek), Buffer.alloc(mostBytes))]);
    },
    unwrap: async (wrapped, aad) => {
      const iv = Buffer.from(wrapped.subarray(0, nonceBytes));
      pkcs11.C_DecryptInit(session, gcm(library, iv, aad), key);
      const sealed = Buffer.from(wrapped.subarray(nonceBytes));
      return pkcs11.C_Decrypt(session, sealed, Buffer.alloc(mostBytes));
    },
    close: () => {
      pkcs11.C_CloseSession(session);
      pkcs11.C_Finalize();
    },
  };
}

function gcm({ CKM_AES_GCM, CK_PARAMS_AES_GCM }: Library, iv: Buffer, aad: Uint8Array): Mechanism {
  const parameter = {
    type: CK_PARAMS_AES_GCM,
    iv,
    ivBits: nonceBytes * 8,
    aad: Buffer.from(aad),
    tagBits,
  };
  return { mechanism: CKM_AES_GCM, parameter };
}

function openSession(library: Library, pkcs11: PKCS11, { token, pin }: Pkcs11Settings): Buffer {
  const slot = pkcs11.C_GetSlotList(true).find((one) => pkcs11.C_GetTokenInfo(one).label.trimEnd() === token);
  if (slot === undefined) {
    throw new Error(`the PKCS#11 module has no token \`${token}\`: look at \`vault.pkcs11.token\``);
  }
  const session = pkcs11.C_OpenSession(slot, library.CKF_SERIAL_SESSION);
  try {
    pkcs11.C_Login(session, library.CKU_USER, pin);
  } catch (cause) {
    throw new Error(`PKCS#11 token \`${token}\` turned the PIN down: ${faultMessage(cause)}`, { cause });
  }
  return session;
}

function findKey(library: Library, pkcs11: PKCS11, session: Buffer, settings: Pkcs11Settings): Buffer {
  const { token, keyLabel } = settings;
  pkcs11.C_FindObjectsInit(session, [
    { type: library.CKA_CLASS, value: library.CKO_SECRET_KEY },
    { type: library.CKA_LABEL, value: keyLabel },
  ]);
  const found = pkcs11.C_FindObjects(session, 2);
  pkcs11.C_FindObjectsFinal(session);
  const [key] = found;
  if (key === undefined || found.length > 1) {
    throw new Error(
      `PKCS#11 token \`${token}\` has ${found.length === 0 ? 'no' : 'more than one'} secret key \`${keyLabel}\`: ` +
        'make one AES key of 256 bits with that label',
    );
  }
  return key;
}
