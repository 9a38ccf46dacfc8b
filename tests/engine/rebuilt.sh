#!/bin/sh
# The engine's tests on a core built in another way, into a folder of its own, with options of CMake's:
#   PYTHON=.venv/bin/python tests/engine/rebuilt.sh build/clang -DCMAKE_CXX_COMPILER=clang++
#   PYTHON=.venv/bin/python tests/engine/rebuilt.sh build/sanitized -DZEROKARA_SANITIZE=address,undefined
# What follows after -- goes to pytest instead of the folder of these tests.
# The installed zerokara is not touched: a folder of links to src/ with that core comes before it on the path, and
# Python runs without `site` (-S), which would let an editable install come first.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=$(command -v "${PYTHON:-python3}")
case $python in /*) ;; *) python=$PWD/$python ;; esac
build=$1
shift
mkdir -p "$build"
build=$(cd "$build" && pwd)

options=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options="$options $1" # none has a space in it
  shift
done
if [ $# -gt 1 ]; then shift; else set -- "$root/tests/engine"; fi

# shellcheck disable=SC2086
cmake -S "$root" -B "$build/core" -DPython_EXECUTABLE="$python" $options >"$build/cmake.log"
cmake --build "$build/core" --parallel "$(nproc)" >"$build/build.log" || { tail -n 40 "$build/build.log"; exit 1; }
rm -rf "$build/path"
mkdir "$build/path"
cp -Rs "$root/src/zerokara" "$build/path/zerokara"
rm -f "$build"/path/zerokara/_core.*so
ln -s "$build"/core/_core.*so "$build/path/zerokara/"

site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
export PYTHONPATH="$build/path:$site" PYTHONDONTWRITEBYTECODE=1
case $options in *ZEROKARA_SANITIZE*)
  # Python itself is not sanitized, so GCC's runtime comes first; it must find the C++ runtime to follow exceptions. Python keeps
  # memory until it exits, which is no leak.
  export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  compiler=${CXX:-c++}
  export LD_PRELOAD="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libstdc++.so)"
esac
"$python" -S -c 'import sys, zerokara._core as core; sys.exit(f"not the rebuilt core: {core.__file__}" if sys.argv[1] not in core.__file__ else 0)' "$build"
exec "$python" -S -m pytest -q -p no:cacheprovider -m "not slow" "$@"
