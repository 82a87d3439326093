import { join } from 'node:path';
import { valkeyServer } from '../software.ts';
import { redisSuite } from './redis-suite.ts';

redisSuite('valkey', join(await valkeyServer.install(), 'valkey-server'));
