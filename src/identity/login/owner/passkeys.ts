import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import { decodeAttestationObject, isoBase64URL } from '@simplewebauthn/server/helpers';
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../../model/json.ts';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Documents, StoredDocument } from '../../../pipeline/store-ports.ts';
import { createChallenges } from './challenges.ts';
import { isPasskeyHost } from './passkey-host.ts';

/** Passkeys: resident keys of an authenticator that verified its user (Web Authentication Level 3). */
export interface Passkeys {
  /** Whether browsers make passkeys for this address at all. */
  readonly possible: boolean;
  /** What the browser needs to make one for an account. `place` is what the answer will be bound to. */
  readonly creation: (account: string, place: string) => Promise<JsonObject>;
  /** Keeps the passkey of an answer. False if the answer does not hold. */
  readonly register: (account: string, place: string, answer: JsonObject) => Promise<boolean>;
  /** What the browser needs to show one. Names no credential, so it tells nothing about anybody. */
  readonly request: (place: string) => Promise<JsonObject>;
  /** Whose passkey answered; undefined if the answer does not hold. */
  readonly verify: (place: string, answer: JsonObject) => Promise<PasskeyLogin | undefined>;
  readonly has: (account: string) => Promise<boolean>;
  readonly forget: (account: string) => Promise<void>;
}

/** A login by passkey. */
export interface PasskeyLogin {
  readonly accountId: string;
  /** The key cannot leave its device (`hwk`, RFC 8176); else it is kept by a provider of passkeys (`swk`). */
  readonly hardware: boolean;
}

const kind = 'passkey';
/** EdDSA, ES256, RS256 (RFC 9053 section 2, RFC 8812 section 2): every authenticator has one of them. */
const algorithms = [-8, -7, -257] as const;

/** Makes it for one origin. */
export function createPasskeys(origin: string, documents: Documents, clock: Pick<Clock, 'now'>): Passkeys {
  const rpID = new URL(origin).hostname;
  const challenges = createChallenges(documents, clock);
  return {
    possible: isPasskeyHost(rpID),
    has: async (account) => (await ofAccount(documents, account)).length > 0,
    forget: async (account) => {
      for (const { id } of await ofAccount(documents, account)) await documents.remove(kind, id);
    },
    creation: async (account, place) => {
      const options = await creationOptions(rpID, account, await ofAccount(documents, account));
      await challenges.keep(place, options.challenge);
      return { ...options } as unknown as JsonObject;
    },
    register: async (account, place, answer) => {
      const expectedChallenge = await challenges.take(place);
      if (expectedChallenge === undefined || !isBareRegistration(answer)) return false;
      const result = await verifyRegistrationResponse({
        response: answer as unknown as RegistrationResponseJSON,
        expectedChallenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: true,
        supportedAlgorithmIDs: [...algorithms],
      }).catch(() => undefined);
      if (result?.verified !== true) return false;
      const { credential, credentialDeviceType } = result.registrationInfo;
      const value = {
        account,
        publicKey: isoBase64URL.fromBuffer(credential.publicKey),
        counter: credential.counter,
        hardware: credentialDeviceType === 'singleDevice',
        createdAt: clock.now(),
      };
      return (
        (await documents.put(kind, credential.id, { value, indexes: { account } }, 'absent')) !== 'conflict'
      );
    },
    request: async (place) => {
      const options = await generateAuthenticationOptions({ rpID, userVerification: 'required' });
      await challenges.keep(place, options.challenge);
      return { ...options } as unknown as JsonObject;
    },
    verify: async (place, answer) => {
      const expectedChallenge = await challenges.take(place);
      const found = await documents.get(kind, stringMember(answer, 'id') ?? '');
      if (expectedChallenge === undefined || found === undefined || !isOwnersAnswer(answer, found))
        return undefined;
      const result = await verifyAuthenticationResponse({
        response: answer as unknown as AuthenticationResponseJSON,
        expectedChallenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        credential: credentialOf(found),
        requireUserVerification: true,
      }).catch(() => undefined);
      if (result?.verified !== true) return undefined;
      return (await count(documents, found, result.authenticationInfo.newCounter))
        ? loginOf(found)
        : undefined;
    },
  };
}

function creationOptions(
  rpID: string,
  account: string,
  known: readonly StoredDocument[],
): ReturnType<typeof generateRegistrationOptions> {
  return generateRegistrationOptions({
    rpName: 'Bartizan',
    rpID,
    userName: account,
    userDisplayName: `${account} of ${rpID}`,
    userID: new TextEncoder().encode(account),
    attestationType: 'none',
    supportedAlgorithmIDs: [...algorithms],
    excludeCredentials: known.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

/** Keeps the counter of signatures, by which a copied key is found out (Web Authentication section 6.1.1). */
async function count(documents: Documents, found: StoredDocument, counter: number): Promise<boolean> {
  const { id, version, value, indexes = {} } = found;
  return (await documents.put(kind, id, { value: { ...value, counter }, indexes }, version)) !== 'conflict';
}

async function ofAccount(documents: Documents, account: string): Promise<readonly StoredDocument[]> {
  return documents.find(kind, { index: { name: 'account', value: account }, limit: 20 });
}

function loginOf({ value }: StoredDocument): PasskeyLogin {
  return { accountId: stringMember(value, 'account') ?? '', hardware: value['hardware'] === true };
}

function credentialOf({ id, value }: StoredDocument): WebAuthnCredential {
  const publicKey = isoBase64URL.toBuffer(stringMember(value, 'publicKey') ?? '');
  return { id, publicKey, counter: Number(value['counter'] ?? 0) };
}

/** Where the authenticator names a user, it must be the one of the key (Web Authentication section 7.2 step 6). */
function isOwnersAnswer(answer: JsonObject, found: StoredDocument): boolean {
  const handle = stringMember(objectMember(answer, 'response'), 'userHandle');
  const account = new TextEncoder().encode(stringMember(found.value, 'account') ?? '');
  return handle === isoBase64URL.fromBuffer(account);
}

/**
 * No attestation was asked for. A certificate in the answer all the same would make the library fetch what it names, so
 * such an answer is refused before.
 */
function isBareRegistration(answer: JsonObject): boolean {
  const text = stringMember(objectMember(answer, 'response'), 'attestationObject');
  if (text === undefined || !isJsonObject(answer)) return false;
  try {
    return decodeAttestationObject(isoBase64URL.toBuffer(text)).get('attStmt').get('x5c') === undefined;
  } catch {
    return false;
  }
}
