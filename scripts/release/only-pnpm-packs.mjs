// prepack of every published package. npm leaves `workspace:` ranges and the sources' exports in what it packs; pnpm
// writes versions and dist instead.
const packer = process.env.npm_config_user_agent?.split('/')[0] ?? 'npm';

if (packer !== 'pnpm') {
  const name = process.env.npm_package_name ?? 'this package';
  console.error(
    `${name} cannot be packed or published by ${packer}: its ranges and exports are those of the workspace.\n` +
      'Here: pnpm build && pnpm pack. All of them, to the registry: pnpm changeset publish (CONTRIBUTING.md, Publishing).',
  );
  process.exitCode = 1;
}
