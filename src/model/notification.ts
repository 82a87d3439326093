/** When an upstream may send a notification: while a call runs, or on a change stream. */
export type NotificationPlace = 'call' | 'listen';

/** The notifications that pass the gateway towards clients. Others are dropped. */
export const notifications: Readonly<Record<string, NotificationPlace>> = {
  'notifications/progress': 'call',
  'notifications/message': 'call',
  'notifications/elicitation/complete': 'call',
  'notifications/tools/list_changed': 'listen',
  'notifications/prompts/list_changed': 'listen',
  'notifications/resources/list_changed': 'listen',
  'notifications/resources/updated': 'listen',
};

/** Severities of `notifications/message`, least severe first (RFC 5424 section 6.2.1). */
export const logLevels: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];
