import { base62Checksum } from '../base62-checksum.ts';
import { looksRandom } from '../entropy.ts';
import type { SecretFormat } from '../format.ts';
import { followedBy } from '../peek.ts';

/** A right checksum proves the token; a wrong one does not clear it, since newer issues differ. */
function isTokenWithChecksum([, random = '', checksum = '']: RegExpExecArray): boolean {
  return base62Checksum(random) === checksum || looksRandom(random);
}

/** Tokens of code hosts and package registries. */
export const codeHostingFormats: readonly SecretFormat[] = [
  {
    kind: 'github-token',
    name: 'GitHub token',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    peek: followedBy(36),
    pattern: /gh[pousr]_([A-Za-z0-9]{30})([A-Za-z0-9]{6})/y,
    accept: isTokenWithChecksum,
  },
  {
    kind: 'github-fine-grained-token',
    name: 'GitHub fine-grained token',
    anchors: ['github_pat_'],
    pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/y,
  },
  {
    kind: 'gitlab-token',
    name: 'GitLab token',
    anchors: [
      'glpat-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glptt-',
      'glft-',
      'glsoat-',
      'glagent-',
      'gloas-',
      'glimt-',
    ],
    pattern: /gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|imt)-([\w.-]{20,300})/y,
    accept: ([, random = '']) => looksRandom(random),
  },
  {
    kind: 'npm-token',
    name: 'npm token',
    anchors: ['npm_'],
    peek: followedBy(36),
    pattern: /npm_([A-Za-z0-9]{30})([A-Za-z0-9]{6})/y,
    accept: isTokenWithChecksum,
  },
  {
    kind: 'pypi-token',
    name: 'PyPI token',
    anchors: ['pypi-AgE'],
    pattern: /pypi-AgE[\w-]{50,1000}/y,
  },
  {
    kind: 'rubygems-token',
    name: 'RubyGems token',
    anchors: ['rubygems_'],
    pattern: /rubygems_[a-f0-9]{48}/y,
  },
  {
    kind: 'docker-token',
    name: 'Docker Hub token',
    anchors: ['dckr_pat_', 'dckr_oat_'],
    pattern: /dckr_[po]at_[\w-]{27,40}/y,
  },
  {
    kind: 'atlassian-token',
    name: 'Atlassian API token',
    anchors: ['ATATT3', 'ATCTT3'],
    pattern: /AT[AC]TT3[\w=-]{60,400}/y,
  },
];
