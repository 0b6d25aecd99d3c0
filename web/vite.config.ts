import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Two pages without anything inline, so that they work under a policy of `script-src 'self'; style-src 'self'`. */
export default defineConfig({
  root,
  base: '/',
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: fileURLToPath(new URL('../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // A small picture would become a data: address, which the policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: [`${root}touch.html`, `${root}enroll.html`] },
  },
});
