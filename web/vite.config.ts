import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Pages without anything inline, so that they work under a policy of `script-src 'self'; style-src 'self'`. */
export default defineConfig({
  root,
  base: '/',
  plugins: [preact({ devToolsEnabled: false }), sharedHead()],
  build: {
    outDir: fileURLToPath(new URL('../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // A small picture would become a data: address, which the policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['touch', 'enroll', 'approve'].map((page) => `${root}${page}.html`) },
  },
});

/** What every page has in its head stands in one file. */
function sharedHead(): Plugin {
  return {
    name: 'shared-head',
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => html.replace('    <!-- head.html -->\n', readFileSync(`${root}head.html`, 'utf8')),
    },
  };
}
