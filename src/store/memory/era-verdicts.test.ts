import { eraVerdictsContract } from '../../testing/era-verdicts.ts';
import { createMemoryEraVerdicts } from './era-verdicts.ts';

eraVerdictsContract('memory', createMemoryEraVerdicts);
