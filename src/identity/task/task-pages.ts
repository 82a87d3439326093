import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultMessage } from '../../model/fault-message.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Credentials } from '../../pipeline/ports.ts';
import { TokenFailure } from '../failure.ts';
import { parseUnverified } from '../parse-jwt.ts';
import { revoke } from './revocation-page.ts';
import { type PageAnswer, pageError, refusedPage, writeAnswer } from './task-page-answer.ts';
import { isTaskToken, type PageRequest, type TaskPagesOptions } from './task-page-request.ts';
import { endTask, listTasks, showTask } from './task-views.ts';

/** The pages of tasks: where they are looked at and ended, and where access is revoked. */
export interface TaskPages {
  readonly paths: readonly string[];
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * `GET /tasks`, `GET` and `DELETE /tasks/<id>`, `POST /revocations`. A holder sees and completes its own task by its token
 * and what is delegated from it, a user all of its own by a token that is no task's, an operator everything.
 */
export function createTaskPages(options: TaskPagesOptions): TaskPages {
  return {
    paths: ['/tasks', '/revocations'],
    serve: (request, response) => {
      answer(options, request).then(
        (page) => writeAnswer(response, page),
        (fault: unknown) => {
          options.report('task page failed', { detail: faultMessage(fault) });
          writeAnswer(
            response,
            pageError(503, 'overloaded', 'the state of tasks cannot be reached', 'try again later'),
          );
        },
      );
    },
  };
}

async function answer(options: TaskPagesOptions, request: IncomingMessage): Promise<PageAnswer> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const subject = await options.identify(credentialsOf(options, request, path));
  if (subject instanceof Refusal) return refused(options, request, subject);
  if (options.revocations.stale()) {
    return pageError(503, 'overloaded', 'revocations cannot be looked up at the moment', 'try again later');
  }
  const roles = options.operatorRoles ?? ['owner'];
  const operator = !isTaskToken(subject) && subject.user.roles.some((role) => roles.includes(role));
  const page: PageRequest = { options, subject, operator, request, query: new URLSearchParams(search) };
  return route(page, path);
}

/** These pages are no calls, so no decision record tells of it. */
function refused(
  { report }: TaskPagesOptions,
  { method = '', socket }: IncomingMessage,
  why: Refusal,
): PageAnswer {
  report('task page refused', {
    method,
    code: why.code,
    detail: why.detail,
    peer: socket.remoteAddress ?? '',
  });
  return refusedPage(why);
}

function route(page: PageRequest, path: string): PageAnswer | Promise<PageAnswer> {
  const { method = '' } = page.request;
  if (path === '/revocations') return method === 'POST' ? revoke(page) : wrongMethod('POST');
  if (path === '/tasks') return method === 'GET' ? listTasks(page) : wrongMethod('GET');
  const id = path.slice('/tasks/'.length);
  if (!/^[A-Za-z0-9._~-]{1,200}$/.test(id)) {
    return pageError(
      404,
      'endpoint_unknown',
      'there is nothing at this path',
      'use `/tasks` or `/tasks/<id>`',
    );
  }
  if (method === 'GET') return showTask(page, id);
  return method === 'DELETE' ? endTask(page, id) : wrongMethod('GET, DELETE');
}

function wrongMethod(allow: string): PageAnswer {
  const page = pageError(
    405,
    'http_method_not_allowed',
    'this path does not take that HTTP method',
    `use ${allow}`,
  );
  return { ...page, headers: { Allow: allow } };
}

function credentialsOf(options: TaskPagesOptions, request: IncomingMessage, path: string): Credentials {
  const { origin, peerCertificate } = options;
  const certificate = peerCertificate?.(request);
  const { authorization } = request.headers;
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  };
  return {
    authorization,
    resource: resourceOf(options, authorization),
    metadataUrl: `${origin}/.well-known/oauth-protected-resource`,
    header,
    peer: request.socket.remoteAddress ?? '',
    method: request.method ?? '',
    url: `${origin}${path}`,
    ...(certificate && { certificate }),
  };
}

/**
 * Tokens for any resource of the gateway are good here. The token says which one it is for, and is then verified for that
 * one: a proof counts only once, so it cannot be tried for each.
 */
function resourceOf({ origin, resources }: TaskPagesOptions, authorization = ''): string {
  const own = `${origin}/tasks`;
  const jwt = parseUnverified(authorization.slice(authorization.lastIndexOf(' ') + 1));
  if (jwt instanceof TokenFailure) return resources()[0] ?? own;
  const { aud } = jwt.claims;
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const [first = own] = resources();
  return [own, ...resources()].find((resource) => audiences.includes(resource)) ?? first;
}
