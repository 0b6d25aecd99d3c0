#!/bin/sh
# Builds the web pages into dist/web, unless they are newer than all they are made from.
set -eu
cd "$(dirname "$0")/.."

# The pages compute digests with the same code as the authority.
made_from='web src/ssh src/fido src/http package-lock.json'
if [ -d dist/web ] && [ -z "$(find $made_from -newer dist/web -print -quit)" ]; then exit 0; fi
echo 'building the web pages' >&2
node_modules/.bin/node node_modules/.bin/vite build web --logLevel warn >&2
touch dist/web
