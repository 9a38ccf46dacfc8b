#!/bin/sh
# sh start.sh opens a shell in which zerokara is found; sh start.sh COMMAND ... runs one command.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
PATH="$here/.venv/bin:$PATH"
VIRTUAL_ENV="$here/.venv"
export PATH VIRTUAL_ENV
if [ $# -gt 0 ]; then
  exec "$@"
fi
cd "$here" && exec "${SHELL:-/bin/sh}"
