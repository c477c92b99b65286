import { CfError, reasonOf } from '@cf/core';

/** `E_PROJECT_FOLDER`: a folder that no project can be made in. */
export class ProjectFolderError extends CfError {
  constructor(given: string, cause?: unknown) {
    super('ProjectFolderError', 'E_PROJECT_FOLDER', {
      given: cause === undefined ? given : `${given} (${reasonOf(cause)})`,
      expected: 'an empty folder that can be written to, or the name of a new one',
      fix: 'name another folder: npm create @cf@latest my-faces.',
      cause,
    });
  }
}
