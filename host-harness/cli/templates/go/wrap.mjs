// Wraps the module that Go builds for WASI 0.1 into a component of the world `connector`.
//
//     node wrap.mjs core.wasm component.wasm

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const [core, component] = process.argv.slice(2);

/** A package of WIT in one text: its name, and what is in its files. */
function wit(folder) {
  const texts = readdirSync(folder).filter((name) => name.endsWith('.wit')).map((name) => readFileSync(join(folder, name), 'utf8'));
  const [, name] = /^package (.+);$/m.exec(texts.find((text) => /^package .+@.+;$/m.test(text)));
  return { name, content: texts.map((text) => text.replace(/^package .+;$/m, '')).join('\n') };
}

const own = wit('wit');
const others = readdirSync('wit/deps').filter((name) => !name.includes('.')).map((name) => wit(join('wit/deps', name)));
const nested = others.map(({ name, content }) => `package ${name} {\n${content}\n}\n`);
const witSource = `package ${own.name};\n${own.content}\n${nested.join('\n')}`;
const embedded = await componentEmbed({ binary: readFileSync(core), witSource, world: 'connector', stringEncoding: 'utf8' });
const adapter = readFileSync('node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm');
writeFileSync(component, await componentNew(embedded, [['wasi_snapshot_preview1', adapter]]));
