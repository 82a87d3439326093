import type { Detector } from './detector.ts';
import { hiddenText } from './hidden-text/hidden-text.ts';
import { secrets } from './secrets/secrets.ts';

/** Every detector by the option that switches it. */
export const detectors: Readonly<Record<DetectorName, () => Detector>> = {
  hiddenText,
  secrets,
};

/** The names of the detectors, which are the names of their options. */
export type DetectorName = 'hiddenText' | 'secrets';
