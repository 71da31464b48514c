#!/bin/sh
# Builds .venv: finds a Python of 3.12 or newer, installs the pins of requirements.lock, then the
# project itself. Run again it does nothing, unless the pins, the project file or the place changed.
#
#   tools/setup.sh          build or refresh .venv
#   tools/setup.sh --find   only print the interpreter that would be used
#
# JIQUN_PYTHON names an interpreter to use instead of searching. JIQUN_ROOTS replaces the folders
# looked into beyond PATH (a colon-separated list of bin folders; the tests use it).
set -eu

cd "$(dirname "$0")/.."
# Settings of another interpreter would reach the new one and break it in ways hard to read.
unset PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*" >&2; }

# Prints the interpreter behind $1 (the one outside any virtual environment, so that rebuilding
# .venv from within an activated .venv works) if it will do; fails otherwise.
usable() {
    "$1" - 2>/dev/null <<'PY'
import sys

if sys.version_info < (3, 12) or sys.implementation.name != "cpython":
    raise SystemExit(1)
import ensurepip, venv  # Debian ships them apart from Python

print(getattr(sys, "_base_executable", None) or sys.executable)
PY
}

# Versions the pins are tested with come first, newer ones after them.
NAMES='python3.13 python3.12 python3.14 python3.15 python3 python'

bin_folders() {
    if [ -n "${JIQUN_ROOTS+set}" ]; then
        printf '%s\n' "$JIQUN_ROOTS" | tr ':' '\n'
        return
    fi
    pyenv="${PYENV_ROOT:-$HOME/.pyenv}"
    for folder in \
        "$pyenv"/versions/*/bin \
        "$HOME"/.local/share/uv/python/*/bin \
        "$HOME"/.asdf/installs/python/*/bin \
        "$HOME"/.local/share/mise/installs/python/*/bin \
        "$HOME"/miniconda3/bin "$HOME"/miniconda3/envs/*/bin \
        "$HOME"/miniforge3/bin "$HOME"/miniforge3/envs/*/bin \
        "$HOME"/anaconda3/bin "$HOME"/anaconda3/envs/*/bin \
        "$HOME"/.local/bin \
        /usr/local/bin /usr/local/*/bin /usr/bin \
        /opt/*/bin /opt/*/*/bin \
        /Library/Frameworks/Python.framework/Versions/*/bin; do
        if [ -d "$folder" ]; then printf '%s\n' "$folder"; fi
    done
}

# One candidate a line, likeliest first.
candidates() {
    for prefix in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}"; do
        if [ -n "$prefix" ]; then printf '%s\n' "$prefix/bin/python"; fi
    done
    printf '%s\n' python3 python
    for name in $NAMES; do printf '%s\n' "$name"; done
    if command -v uv >/dev/null 2>&1; then
        UV_PYTHON_DOWNLOADS=never uv python find --no-project '>=3.12' 2>/dev/null || true
    fi
    folders=$(bin_folders)
    for name in $NAMES; do
        printf '%s\n' "$folders" | while IFS= read -r folder; do
            if [ -x "$folder/$name" ]; then printf '%s\n' "$folder/$name"; fi
        done
    done
}

find_python() {
    if [ -n "${JIQUN_PYTHON:-}" ]; then
        usable "$JIQUN_PYTHON" && return
        say "JIQUN_PYTHON=$JIQUN_PYTHON is not a CPython of 3.12 or newer with the venv module."
        return 1
    fi
    # Not a pipe into `while`: the search has to end with the first one that will do.
    for candidate in $(candidates | tr ' ' '\001'); do
        candidate=$(printf '%s' "$candidate" | tr '\001' ' ')
        usable "$candidate" && return
    done
    say "jiqun needs Python 3.12 or newer (with the venv module), and none was found: not on PATH,"
    say "nor among those of pyenv, uv, conda, /usr/local or /opt. Any one of these gets you one:"
    say "  Debian, Ubuntu   sudo apt-get install python3.13 python3.13-venv   (or python3.12)"
    say "  Fedora           sudo dnf install python3.13"
    say "  macOS            brew install python@3.13"
    say "  pyenv            pyenv install 3.13"
    say "  uv               uv python install 3.13"
    say "  anywhere else    https://www.python.org/downloads/"
    say "If you have one already, name it: JIQUN_PYTHON=/path/to/python3 make test"
    return 1
}

# pip reads the machine's own settings for the package index, which uv does not: where uv fails, pip
# gets its turn.
install() {
    if command -v uv >/dev/null 2>&1 && uv pip install --quiet --python .venv/bin/python "$@"; then
        return
    fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile "$@" ||
        return
    # On all cores at once: pip compiles on one, which took half of its time. Some packages bring
    # files that are no Python of this version.
    .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || :
}

failed() {
    say "Installing the $1 failed (the reason is above). Nothing else was touched: run again to retry."
    exit 1
}

if [ "${1:-}" = --find ]; then
    find_python || exit 2
    exit
fi

# A virtual environment holds absolute paths, so the folder counts as well.
pins="$(cksum <requirements.lock) $(pwd)"
project=$(cksum <pyproject.toml)

if [ "$(cat .venv/.pins 2>/dev/null)" != "$pins" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    if [ -e .venv ] && [ ! -e .venv/.unfinished ] && [ ! -e .venv/pyvenv.cfg ]; then
        say ".venv is there but is no virtual environment: move it away, then run again."
        exit 2
    fi
    python=$(find_python) || exit 2
    say "Setting up .venv with $("$python" --version) and the pinned packages (about a minute) ..."
    rm -rf .venv
    mkdir .venv
    : >.venv/.unfinished
    "$python" -m venv .venv || failed "virtual environment"
    install --require-hashes -r requirements.lock || failed "pinned packages"
    rm .venv/.unfinished
    printf '%s\n' "$pins" >.venv/.pins
fi

if [ "$(cat .venv/.project 2>/dev/null)" != "$project" ]; then
    # `compat` puts this folder on the path as it is: a package added later is seen, and type
    # checkers and editors follow it.
    install --no-deps --no-build-isolation -C editable_mode=compat -e . || failed "project"
    printf '%s\n' "$project" >.venv/.project
fi
