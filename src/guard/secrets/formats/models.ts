import { looksRandom } from '../entropy.ts';
import type { SecretFormat } from '../format.ts';
import { followedBy } from '../peek.ts';

/** Keys of model providers. */
export const modelFormats: readonly SecretFormat[] = [
  {
    kind: 'anthropic-key',
    name: 'Anthropic API key',
    anchors: ['sk-ant-'],
    pattern: /sk-ant-([\w-]{32,200})/y,
    accept: ([, random = '']) => looksRandom(random),
  },
  {
    kind: 'openai-key',
    name: 'OpenAI API key',
    anchors: ['sk-proj-', 'sk-svcacct-', 'sk-admin-'],
    pattern: /sk-(?:proj|svcacct|admin)-([\w-]{32,200})/y,
    accept: ([, random = '']) => looksRandom(random),
  },
  {
    kind: 'openai-legacy-key',
    name: 'OpenAI-style secret key',
    anchors: ['sk-'],
    bounded: true,
    peek: followedBy(32),
    pattern: /sk-([A-Za-z0-9]{32,64})\b/y,
    accept: ([, random = '']) => /\d/.test(random) && looksRandom(random),
    disguised: [],
  },
  {
    kind: 'huggingface-token',
    name: 'Hugging Face token',
    anchors: ['hf_', 'api_org_'],
    bounded: true,
    peek: followedBy(34),
    pattern: /(?:hf|api_org)_([A-Za-z]{34,40})\b/y,
    accept: ([, random = '']) => looksRandom(random),
    disguised: [],
  },
  {
    kind: 'groq-key',
    name: 'Groq API key',
    anchors: ['gsk_'],
    peek: followedBy(52),
    pattern: /gsk_[A-Za-z0-9]{52}/y,
  },
  {
    kind: 'perplexity-key',
    name: 'Perplexity API key',
    anchors: ['pplx-'],
    pattern: /pplx-[A-Za-z0-9]{48}/y,
  },
  {
    kind: 'xai-key',
    name: 'xAI API key',
    anchors: ['xai-'],
    bounded: true,
    peek: followedBy(80),
    pattern: /xai-[A-Za-z0-9]{80}/y,
  },
  {
    kind: 'replicate-token',
    name: 'Replicate token',
    anchors: ['r8_'],
    bounded: true,
    peek: followedBy(37),
    pattern: /r8_[A-Za-z0-9]{37}\b/y,
    disguised: [],
  },
];
