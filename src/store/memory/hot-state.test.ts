import { hotStateContract } from '../../testing/hot-state.ts';
import { memoryHotState } from './hot-state.ts';

hotStateContract('memory', memoryHotState, { alone: true });
