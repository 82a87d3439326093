/** Starts a program that takes its port from `PORT`. Arguments: the port, its file, its own arguments. */
import { pathToFileURL } from 'node:url';

const [port = '', file = '', ...args] = process.argv.slice(2);
process.env['PORT'] = port;
process.argv = [process.execPath, file, ...args];
await import(pathToFileURL(file).href);
