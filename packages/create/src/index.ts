export { createProject } from './create-project.ts';
export { ProjectFolderError } from './errors.ts';
