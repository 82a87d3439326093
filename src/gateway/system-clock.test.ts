import { clockContract } from '../testing/clock.ts';
import { systemClock } from './system-clock.ts';

clockContract('the clock of this machine', systemClock);
