import { duration, instant } from './time-words.ts';
import type { Budget, Permission, ToldTask } from './told-task.ts';

/** A task of a list, on two lines of at most `columns` characters. */
export function taskEntry(
  task: ToldTask,
  now: number,
  columns: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const { id, user, agent, purpose, permissions, budget } = task;
  const who = `${user.subject} by ${agent}`;
  const what = [countActions(permissions), budgetWords(budget)].filter((part) => part !== '').join(', ');
  const second = [who, purpose].filter((part) => part !== undefined).join(': ');
  return [`${id}  ${lifeWords(task, now).padEnd(18)}  ${what}`, `  ${second}`].map((line) =>
    cut(line, columns),
  );
}

/** Everything that a person wants to know of one task, line by line. */
export function taskPage(task: ToldTask, now: number, columns = 80): readonly string[] {
  const { user, agent, actsFor, budget, left, ended, notAfter } = task;
  const end = ended === undefined ? `until ${instant(notAfter)}` : `${ended.how} at ${instant(ended.at)}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['task', task.id],
    ['state', `${lifeWords(task, now)} (${end})`],
    ['user', `${user.subject} (${user.issuer})`],
    ['agent', [agent, ...actsFor].join(', for ')],
    ['purpose', task.purpose],
    ['template', task.template],
    ['for', task.resources.join(', ')],
    ['budget', budgetLine(budget, left)],
    ['parent', task.parent],
    ['granted', instant(task.grantedAt)],
  ];
  return [
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(9)} ${value}`])),
    ...permissionLines(task.permissions, columns),
  ];
}

/** What a task may do: its actions, wrapped, and what their arguments are held to. */
export function permissionLines(permissions: readonly Permission[], columns = 80): readonly string[] {
  return permissions.flatMap(({ actions, pinned, constraints }) => {
    const held = Object.entries(constraints).map(
      ([place, values]) => `${' '.repeat(10)}where ${place} is ${JSON.stringify(values)}`,
    );
    const pins = pinned === 0 ? [] : [`${' '.repeat(10)}${pinned} pinned to the definition of their tool`];
    return [...wrapped('may', actions, columns), ...held, ...pins];
  });
}

/** The same in short: of each server a few names. */
export function briefPermissionLines(permissions: readonly Permission[], columns = 80): readonly string[] {
  return permissionLines(
    permissions.map((permission) => ({ ...permission, actions: brief(permission.actions) })),
    columns,
  );
}

const mostNamed = 4;

function brief(actions: readonly string[]): readonly string[] {
  const servers = Map.groupBy(actions, (action) => action.split(':', 1)[0]);
  return [...servers].flatMap(([server, own]) =>
    own.length <= mostNamed + 1
      ? own
      : [...own.slice(0, mostNamed), `${own.length - mostNamed} more of ${server}`],
  );
}

/** `2 calls, 4096 bytes`; empty without bounds. */
export function budgetWords({ calls, bytes }: Budget): string {
  const parts = [
    calls === undefined ? [] : count(calls, 'call'),
    bytes === undefined ? [] : count(bytes, 'byte'),
  ];
  return parts.flat().join(', ');
}

function budgetLine(budget: Budget, left: Budget | undefined): string | undefined {
  const whole = budgetWords(budget);
  if (whole === '') return undefined;
  const rest = left === undefined ? '' : budgetWords(left);
  return rest === '' ? whole : `${whole}; left: ${rest}`;
}

function lifeWords({ state, ended, notAfter }: ToldTask, now: number): string {
  if (state === 'living') return `${duration(notAfter - now)} left`;
  if (state === 'expired') return `expired ${duration(now - notAfter)} ago`;
  return ended === undefined ? state : `ended ${duration(now - ended.at)} ago`;
}

function countActions(permissions: readonly Permission[]): string {
  return count(
    permissions.reduce((sum, { actions }) => sum + actions.length, 0),
    'action',
  );
}

function wrapped(name: string, words: readonly string[], columns: number): readonly string[] {
  const lines: string[] = [];
  let line = name.padEnd(9);
  for (const [index, word] of words.entries()) {
    const text = index < words.length - 1 ? `${word},` : word;
    if (line.length + 1 + text.length > columns && line.trim() !== '' && line.trim() !== name) {
      lines.push(line);
      line = ' '.repeat(9);
    }
    line = `${line} ${text}`;
  }
  return [...lines, line];
}

function cut(line: string, columns: number): string {
  return line.length > columns ? `${line.slice(0, columns - 3)}...` : line;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
