import { redisSuite } from './redis-suite.ts';

redisSuite('redis', 'redis-server');
