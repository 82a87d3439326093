import { entropy } from '../entropy.ts';
import type { SecretFormat } from '../format.ts';
import { followedBy } from '../peek.ts';

const hexOnly = /^[0-9a-fA-F]+$/;

/** Keys of cloud and infrastructure providers. */
export const cloudFormats: readonly SecretFormat[] = [
  {
    kind: 'aws-access-key',
    name: 'AWS access key id',
    anchors: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    bounded: true,
    peek: followedBy(16),
    pattern: /A[KSBC][IC]A[A-Z2-7]{16}\b/y,
  },
  {
    kind: 'aws-secret-key',
    name: 'AWS secret access key',
    anchors: ['secret_access_key', 'secretaccesskey', 'aws_secret_key', 'secret access key'],
    caseless: true,
    pattern:
      /[a-z_ ]{15,17}["'\\]{0,3}\s{0,4}[:=]\s{0,4}["'\\]{0,3}([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)/iy,
    accept: ([, secret = '']) => !hexOnly.test(secret) && entropy(secret) >= 4,
  },
  {
    kind: 'google-api-key',
    name: 'Google API key',
    anchors: ['AIza'],
    pattern: /AIza[\w-]{35}/y,
  },
  {
    kind: 'google-oauth',
    name: 'Google OAuth credential',
    anchors: ['ya29.', 'GOCSPX-'],
    pattern: /ya29\.[\w-]{20,512}|GOCSPX-[\w-]{28}/y,
  },
  {
    kind: 'azure-storage-key',
    name: 'Azure storage account key',
    anchors: ['accountkey=', 'sharedaccesskey='],
    caseless: true,
    pattern: /(?:account|sharedaccess)key=(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)/iy,
  },
  {
    kind: 'azure-sas',
    name: 'Azure shared access signature',
    anchors: ['?sig=', '&sig=', ';sig='],
    caseless: true,
    pattern: /[?&;]sig=(?:[A-Za-z0-9]|[-+/_]|%2[bBfF]){40,90}(?:=|%3[dD])/iy,
  },
  {
    kind: 'azure-client-secret',
    name: 'Microsoft Entra client secret',
    anchors: ['0Q~', '1Q~', '2Q~', '3Q~', '4Q~', '5Q~', '6Q~', '7Q~', '8Q~', '9Q~'],
    before: { set: /[\w~.-]/, most: 3 },
    pattern: /[\w~.-]{3}\dQ~[\w~.-]{31,34}/y,
    disguised: [],
  },
  {
    kind: 'digitalocean-token',
    name: 'DigitalOcean token',
    anchors: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    pattern: /do[opr]_v1_[a-f0-9]{64}/y,
  },
  {
    kind: 'vault-token',
    name: 'HashiCorp Vault token',
    anchors: ['hvs.', 'hvb.'],
    bounded: true,
    peek: followedBy(24),
    pattern: /hv[sb]\.[\w-]{24,300}/y,
  },
  {
    kind: 'terraform-token',
    name: 'HCP Terraform token',
    anchors: ['.atlasv1.'],
    before: { set: /[A-Za-z0-9]/, most: 14 },
    pattern: /[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}/y,
  },
  {
    kind: 'databricks-token',
    name: 'Databricks token',
    anchors: ['dapi'],
    bounded: true,
    peek: followedBy(32),
    pattern: /dapi[0-9a-f]{32}(?:-\d)?\b/y,
  },
  {
    kind: 'doppler-token',
    name: 'Doppler token',
    anchors: ['dp.pt.', 'dp.st.'],
    pattern: /dp\.(?:pt\.|st\.(?:[a-z0-9_-]{2,35}\.)?)[A-Za-z0-9]{40,44}/y,
  },
  {
    kind: 'pulumi-token',
    name: 'Pulumi access token',
    anchors: ['pul-'],
    bounded: true,
    peek: followedBy(40),
    pattern: /pul-[a-f0-9]{40}\b/y,
  },
];
