import type { OneDnnApi } from './api.ts';
import { loadOneDnn } from './library.ts';
import { oneDnnApi } from './one-dnn-api.ts';

/**
 * Opens oneDNN.
 *
 * @throws BackendError where there is no oneDNN, or one of a version that is not known
 */
export function openOneDnn(...args: Parameters<typeof loadOneDnn>): OneDnnApi {
  return oneDnnApi(loadOneDnn(...args));
}
