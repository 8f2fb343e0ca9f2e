// `npm run docs`: writes docs/reference anew from the code.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { references } from './references.ts';

const directory = join(import.meta.dirname, 'reference');
const pages = await references();
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory);
for (const [name, text] of pages) writeFileSync(join(directory, name), text);
