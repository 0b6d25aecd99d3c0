// CommonJS in old syntax on purpose: every Node must be able to read this far, to be told that it is too old.
'use strict';

/** Runs `main` (a path without its extension) from the sources of a checkout, or compiled from an installed package. */
exports.launch = function launch(name, main, beforeImport) {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    process.stderr.write(`${name}: error: needs Node.js 24 or newer, this is ${process.version}\n`);
    process.exit(69);
  }
  const { existsSync } = require('node:fs');
  const { join } = require('node:path');
  const { pathToFileURL } = require('node:url');
  const source = join(__dirname, '..', `${main}.ts`);
  // Node refuses to strip types below node_modules, so a package carries the compiled files and no sources.
  const file = existsSync(source) ? source : join(__dirname, '..', 'dist', `${main}.js`);
  beforeImport();
  return import(pathToFileURL(file).href);
};
