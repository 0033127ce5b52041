// Makes ../phone.html of the sources; with --check it says whether the file is what the sources make.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { LANGUAGES } from './src/words.js';

const LARGEST = 80 * 1024;
const TARGET = 'es2020';
const BUNDLED = ['@noble/ciphers', '@noble/hashes'];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const text = (path) => readFileSync(here(path), 'utf8');
const hashOf = (content) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

/** The packages in the page, each with who wrote it, and the licence that they have in common. */
function licences() {
  const read = BUNDLED.map((name) => {
    const licence = text(`node_modules/${name}/LICENSE`);
    const [, holder, terms] = /(Copyright .*)\n\n([^]*)/.exec(licence);
    return { line: `${name} ${JSON.parse(text(`node_modules/${name}/package.json`)).version}: ${holder}`, terms };
  });
  if (read.some(({ terms }) => terms !== read[0].terms)) throw new Error('the licences differ');
  const lines = read.map(({ line }) => line).join('\n');
  return `In this page are\n${lines}\nunder the MIT license:\n\n${read[0].terms.trim()}`;
}

/** The words of all languages as rows without their keys, which would stand in the page once a language. */
const words = {
  name: 'words',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^words:tables$/ }, ({ path }) => ({ path, namespace: 'words' }));
    onLoad({ filter: /.*/, namespace: 'words' }, () => {
      const tables = LANGUAGES.map(({ code }) => [code, JSON.parse(text(`words/${code}.json`))]);
      const keys = Object.keys(tables[0][1]);
      const rows = tables.map(([code, table]) => [code, keys.map((key) => table[key])]);
      const contents = `export const keys = ${JSON.stringify(keys)};
        export const rows = ${JSON.stringify(Object.fromEntries(rows))};`;
      return { contents, loader: 'js' };
    });
  },
};

/** The whole page. */
async function page() {
  const bundled = await build({
    entryPoints: [here('src/main.js')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'none',
    loader: { '.txt': 'text' },
    plugins: [words],
  });
  const script = bundled.outputFiles[0].text.trim();
  const css = await transform(text('src/style.css'), { loader: 'css', minify: true, charset: 'utf8' });
  const style = css.code.trim();
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end before its end');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const parts = { policy, style, licences: licences(), script };
  const whole = text('src/page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  const octets = Buffer.byteLength(whole);
  if (octets >= LARGEST) throw new Error(`the page has ${octets} octets, and may have ${LARGEST - 1}`);
  return whole;
}

const made = await page();
const octets = Buffer.byteLength(made);
if (process.argv.includes('--check')) {
  if (made !== text('../phone.html')) {
    console.error('assets/phone.html is not what assets/phone makes: npm run build makes it anew');
    process.exitCode = 1;
  } else {
    console.log(`assets/phone.html is what assets/phone makes: ${octets} octets`);
  }
} else {
  writeFileSync(here('../phone.html'), made);
  console.log(`assets/phone.html: ${octets} octets`);
}
