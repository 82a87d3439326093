import type { JsonObject } from '../../model/json.ts';
import type { SpiffeId } from '../../model/spiffe-id.ts';
import { TokenFailure } from '../failure.ts';
import { parseUnverified } from '../parse-jwt.ts';
import { GrantError, type GrantHandler } from '../server/grant.ts';
import {
  type AccessTokenOptions,
  assertionIn,
  issueAccessToken,
  resourcesFor,
  scopesFor,
} from './access-token.ts';
import {
  createIdentityAssertionGrant,
  type IdentityAssertionOptions,
  identityAssertionType,
  jwtBearerType,
  refused,
} from './identity-assertion.ts';
import { userClaims } from './sender.ts';
import { typeOf } from './verify-assertion.ts';

/** What the grant is made of. */
export interface WorkloadGrantOptions extends AccessTokenOptions {
  /** Verifies a JWT-SVID whose audience must be one of ours: the issuer, or the token end point. */
  readonly verifySvid: (
    token: string,
  ) => Promise<{ readonly id: SpiffeId; readonly claims: JsonObject } | TokenFailure>;
  /** Whether a workload may call at all: agents are known by patterns of SPIFFE IDs. */
  readonly isKnown: (id: SpiffeId) => boolean;
}

/**
 * Workload identity federation (RFC 7523 with a JWT-SVID): a workload that acts for nobody but itself gets an access
 * token, where user and agent are both its SPIFFE ID. The SVID is the authentication, so there is no client.
 */
function createWorkloadGrant(options: WorkloadGrantOptions): GrantHandler {
  return {
    type: jwtBearerType,
    parameters: ['assertion', 'scope'],
    grant: async (request) => {
      const { client, binding, resources: asked, parameters } = request;
      const svid = await options.verifySvid(assertionIn(request));
      if (svid instanceof TokenFailure) throw refused(svid);
      const { id } = svid;
      if (client !== undefined && client.id !== id) {
        throw new GrantError(
          'invalid_grant',
          '`assertion`: it is the SVID of another workload than the client',
        );
      }
      if (!options.isKnown(id)) {
        throw new GrantError(
          'invalid_grant',
          '`assertion`: the operator has not entered this workload under `agents`',
        );
      }
      const resources = resourcesFor(options, asked, undefined);
      return issueAccessToken(options, {
        sender: {
          ...userClaims({ issuer: options.signer.issuer, subject: id }, options.signer.issuer),
          client_id: id,
        },
        resources,
        scopes: scopesFor(options, resources, parameters['scope']),
        binding,
      });
    },
  };
}

/** What a server takes as `assertion`; what is undefined is refused. */
export interface JwtBearerOptions {
  readonly identityAssertions?: IdentityAssertionOptions;
  readonly workloads?: WorkloadGrantOptions;
}

/** Both grants behind their one `grant_type`: the type of the assertion tells them apart. */
export function createJwtBearerGrant({ identityAssertions, workloads }: JwtBearerOptions): GrantHandler {
  const identity = identityAssertions && createIdentityAssertionGrant(identityAssertions);
  const workload = workloads && createWorkloadGrant(workloads);
  return {
    type: jwtBearerType,
    parameters: ['assertion', 'scope'],
    grant: async (request) => {
      const jwt = parseUnverified(assertionIn(request));
      if (jwt instanceof TokenFailure) throw refused(jwt);
      const grant = typeOf(jwt) === identityAssertionType ? identity : workload;
      if (grant === undefined) {
        throw new GrantError('invalid_grant', '`assertion`: assertions of this type are not taken here');
      }
      return grant.grant(request);
    },
  };
}
