import type { Report } from '../../model/report.ts';
import type { Clock, TlsIdentity } from '../../pipeline/ports.ts';
import { createListeners } from './listeners.ts';
import type { OwnSvid } from './received.ts';

/** Keeps our X.509-SVID: the last one until it expires, none after that. */
export interface SvidHolder {
  readonly tls: TlsIdentity;
  /** Undefined without one that is valid now. */
  readonly current: () => OwnSvid | undefined;
  /** Undefined: it was taken back. */
  readonly set: (svid: OwnSvid | undefined) => void;
  readonly stop: () => void;
}

/** The longest that a timer of Node.js can wait. */
const longestTimerMs = 2 ** 31 - 1;

/** Makes one; `why` says what stands in the way of one. */
export function createSvidHolder(clock: Clock, report: Report, why: () => string): SvidHolder {
  let svid: OwnSvid | undefined;
  let timer: NodeJS.Timeout | undefined;
  const listeners = createListeners(report);
  const changed = listeners.call;
  const current = (): OwnSvid | undefined =>
    svid !== undefined && clock.now() < svid.expiresAt ? svid : undefined;
  const watchExpiry = (): void => {
    clearTimeout(timer);
    if (svid === undefined) return;
    const left = Math.max(0, svid.expiresAt - clock.now());
    timer = setTimeout(
      () => (left > longestTimerMs ? watchExpiry() : changed()),
      Math.min(left + 1, longestTimerMs),
    );
    timer.unref();
  };
  return {
    tls: {
      material: () => {
        const found = current();
        if (found !== undefined) return { certificate: found.certificate, key: found.key };
        throw new Error(
          `there is no X.509-SVID${svid === undefined ? '' : ', the last one expired'}: ${why()}`,
        );
      },
      onChange: listeners.add,
    },
    current,
    set: (next) => {
      if (next === undefined && svid === undefined) return;
      if (next?.certificate === svid?.certificate && next?.key === svid?.key) return;
      svid = next;
      watchExpiry();
      changed();
    },
    stop: () => {
      clearTimeout(timer);
      listeners.clear();
    },
  };
}
