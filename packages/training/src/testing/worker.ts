import { parentPort } from 'node:worker_threads';
import { distancesInPage } from './browser-page.ts';

parentPort!.postMessage(await distancesInPage());
