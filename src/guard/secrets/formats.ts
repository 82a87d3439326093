import type { SecretFormat } from './format.ts';
import { assignmentFormats } from './formats/assignments.ts';
import { cloudFormats } from './formats/clouds.ts';
import { codeHostingFormats } from './formats/code-hosting.ts';
import { keyFormats } from './formats/keys.ts';
import { modelFormats } from './formats/models.ts';
import { serviceFormats } from './formats/services.ts';
import { urlPasswordFormats } from './formats/url-passwords.ts';

/** Every format of secret. Where two match at one place, the first wins. */
export const secretFormats: readonly SecretFormat[] = [
  ...cloudFormats,
  ...codeHostingFormats,
  ...modelFormats,
  ...serviceFormats,
  ...keyFormats,
  ...urlPasswordFormats,
  ...assignmentFormats,
];
