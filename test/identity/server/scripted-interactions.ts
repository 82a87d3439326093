import type Provider from 'oidc-provider';
import type { CreateInteractions } from '../../../src/identity/server/interactions.ts';

/** Pages where one person logs in at once and agrees to everything. */
export function scriptedInteractions(subject: string): CreateInteractions {
  return ({ provider, base }) => ({
    paths: [new URL(`${base}/interaction`).pathname],
    serve: (request, response) => {
      answer(provider, subject, request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    },
    findAccount: (id) =>
      Promise.resolve(
        id === subject
          ? {
              accountId: id,
              claims: { roles: ['developer'], aud: 'https://evil.example', txn: 'another-task' },
            }
          : undefined,
      ),
  });
}

type Request = Parameters<Provider['interactionDetails']>[0];
type Response = Parameters<Provider['interactionDetails']>[1];

async function answer(
  provider: Provider,
  subject: string,
  request: Request,
  response: Response,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: subject, amr: ['pwd'] } });
    return;
  }
  const grant = new provider.Grant({
    accountId: session?.accountId ?? '',
    clientId: String(params['client_id']),
  });
  const scope = String(params['scope'] ?? '');
  grant.addOIDCScope(scope);
  for (const resource of [params['resource']].flat())
    if (typeof resource === 'string') grant.addResourceScope(resource, scope);
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
