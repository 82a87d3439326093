/** The part of the optional peer `pkcs11js` that is used. It is named by hand, because the package may be absent. */
declare module 'pkcs11js' {
  export const CKF_SERIAL_SESSION: number;
  export const CKU_USER: number;
  export const CKO_SECRET_KEY: number;
  export const CKA_CLASS: number;
  export const CKA_LABEL: number;
  export const CKM_AES_GCM: number;
  export const CK_PARAMS_AES_GCM: number;

  export interface Mechanism {
    readonly mechanism: number;
    readonly parameter: {
      readonly type: number;
      readonly iv: Buffer;
      readonly ivBits: number;
      readonly aad: Buffer;
      readonly tagBits: number;
    };
  }
  export interface Attribute {
    readonly type: number;
    readonly value: number | string;
  }
  export class PKCS11 {
    load(path: string): void;
    C_Initialize(): void;
    C_GetSlotList(tokenPresent: boolean): Buffer[];
    C_GetTokenInfo(slot: Buffer): { readonly label: string };
    C_OpenSession(slot: Buffer, flags: number): Buffer;
    C_Login(session: Buffer, userType: number, pin: string): void;
    C_FindObjectsInit(session: Buffer, template: readonly Attribute[]): void;
    C_FindObjects(session: Buffer, most: number): Buffer[];
    C_FindObjectsFinal(session: Buffer): void;
    C_EncryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
    C_Encrypt(session: Buffer, data: Buffer, out: Buffer): Buffer;
    C_DecryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
    C_Decrypt(session: Buffer, data: Buffer, out: Buffer): Buffer;
    C_CloseSession(session: Buffer): void;
    C_Finalize(): void;
    close(): void;
  }
}
