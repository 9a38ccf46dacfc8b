#!/bin/sh
# Installs zerokara from this folder, without internet and without an administrator: sh install.sh [FOLDER]
here=$(cd "$(dirname "$0")" && pwd) || exit 1
for python in python@PYTHON@ python3 python; do
  if "$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")' 2>/dev/null; then
    exec "$python" "$here/install.py" "$@"
  fi
done
{
  cat "$here/python-needed.txt"
  for python in python3 python; do
    command -v "$python" && "$python" --version
  done
} >&2
exit 1
